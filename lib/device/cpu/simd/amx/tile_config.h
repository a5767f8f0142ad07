// The shape of the tiles of Intel's AMX: 64 bytes as the instruction LDTILECFG reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// Of tiles 0 … 7, how many bytes a row has (a multiple of 4, at most 64) and how many rows (at most 16) there are; the
// other entries and `reserved` must be 0. Palette 1 is the one that processors have so far.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

// Every tile as large as it can be: 16 rows of 16 floats, or of 32 bf16.
constexpr TileConfig whole_tiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = 64;
    config.rows[tile] = 16;
  }
  return config;
}

}  // namespace dl
