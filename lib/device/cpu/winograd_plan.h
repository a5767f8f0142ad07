// How the products of a convolution by tiles are put into blocks: everything that follows from the shapes and the
// machine, before any memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/base/thread_team.h"
#include "lib/device/cpu/winograd_tiles.h"

namespace dl {

// The outputs. Either a block of tiles at a time meets all weights, or all tiles meet a panel of weights at a time.
// Sizes are in floats; each of the 36 points has a matrix in each buffer.
struct WinogradPlan {
  WinogradTiles tiles;
  bool by_panels = false;
  int64_t block_rows = 1;                                    // of tiles
  int64_t in_row = 0, out_row = 0;                           // of the matrices
  int64_t in_stride = 0, out_stride = 0, weight_stride = 0;  // from one point to the next
  int64_t kept_stride = 0;                                   // of all weights, where they are kept
  int64_t product_floats = 0;                                // what is made between two epilogues
  int64_t chunk_pixels = 1;                                  // of an epilogue: they follow from the shapes
  // By panels of kept weights, over how many threads the columns are divided, the others having other rows of tiles:
  // as few as have their part of the weights in their caches.
  int column_parts = 1;

  int64_t block_tiles() const { return block_rows * tiles.across(); }
};
WinogradPlan plan_winograd(const WinogradTiles& tiles, int lanes, int threads, int64_t l2_bytes);

// The gradient of the weight: per point a product whose depth is the tiles. A group of tiles at a time is transformed
// and then multiplied.
struct WinogradGradWeightPlan {
  WinogradTiles tiles;
  bool whole = false;           // one group holds all tiles: a panel of columns goes to the gradient while in cache
  int halves = 1, at_once = 1;  // of the tiles, each with sums of its own; those that are summed side by side
  int64_t group_rows = 1;       // of tiles
  int64_t in_row = 0, out_row = 0;
  int64_t widest = 0;                                     // columns of a panel
  int64_t in_stride = 0, out_stride = 0, sum_stride = 0;  // from one point to the next

  int64_t depth() const { return group_rows * tiles.across(); }
  Range half(int i) const { return split(tiles.rows(), halves, i); }  // rows of tiles
};
WinogradGradWeightPlan plan_winograd_grad_weight(const WinogradTiles& tiles, int lanes, int threads);

}  // namespace dl
