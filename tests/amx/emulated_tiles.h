// Intel's AMX in plain C++: eight tiles a thread, and the instructions on them as the Software Developer's Manual
// (volume 2) has them. What is undefined there throws std::logic_error.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/amx/tile_config.h"

namespace dl::testing {

void configure_tiles(const TileConfig& config);              // LDTILECFG
void release_tiles();                                        // TILERELEASE
void zero_tile(int tile);                                    // TILEZERO
void load_tile(int tile, const void* from, int64_t stride);  // TILELOADD
void store_tile(int tile, void* to, int64_t stride);         // TILESTORED
void add_products_of_tiles(int c, int a, int b);             // TDPBF16PS

// In the place of ProcessorTiles.
struct EmulatedTiles {
  static void configure(const TileConfig& config) { configure_tiles(config); }
  static void release() { release_tiles(); }
  template <int tile>
  static void zero() {
    zero_tile(tile);
  }
  template <int tile>
  static void load(const void* from, int64_t stride) {
    load_tile(tile, from, stride);
  }
  template <int tile>
  static void store(void* to, int64_t stride) {
    store_tile(tile, to, stride);
  }
  template <int c, int a, int b>
  static void add_products() {
    add_products_of_tiles(c, a, b);
  }
};

}  // namespace dl::testing
