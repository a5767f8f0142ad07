// How an embedding and its gradient are cut into blocks, by their shapes alone, and the working memory of the latter.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/device/cuda/grid.h"
#include "lib/device/cuda/kernels/embedding.h"
#include "lib/device/cuda/kernels/embedding_grad.h"

namespace dl::cuda {

struct EmbeddingPlan {
  // A table [rows, dim], n indices.
  EmbeddingPlan(int64_t rows, int64_t dim, int64_t n);
  GatherRows wide{}, narrow{};  // where table and result are multiples of 16, if `wide` has units of 16, and anywhere
  Grid grid, find_grid;
};

struct EmbeddingGradPlan {
  EmbeddingGradPlan(int64_t rows, int64_t padding, int64_t dim, int64_t n);

  // Arguments of the passes that sort, and of the levels that add, in working memory of `scratch_bytes`, 64-byte
  // aligned.
  SortPass pass(size_t number, const int* indices, std::byte* scratch) const;
  AddRows level(size_t number, const float* dy, float* table, std::byte* scratch) const;

  struct Level {
    AddRows wide, narrow;          // where dy and the table are multiples of 16, if a row is, and anywhere
    int64_t keys = -1, rows = -1;  // where in the working memory what it makes lies; -1: it is the last
    Grid grid;
  };
  std::vector<SortPass> passes;  // none where there is nothing to add
  std::vector<Level> levels;
  int64_t items[2] = {}, counts = 0, totals = 0;  // where in the working memory
  int64_t table_bytes = 0, scratch_bytes = 0;
  int64_t dim = 0;
};

}  // namespace dl::cuda
