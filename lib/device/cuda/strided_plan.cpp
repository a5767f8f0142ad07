// Dimensions joined, units, tiles.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/strided_plan.h"

#include <algorithm>
#include <bit>

#include "lib/base/error.h"
#include "lib/device/cuda/blocks.h"

namespace dl::cuda {
namespace {

using Dimensions = std::vector<StridedDimension>;

StridedCopy copy_of(const Dimensions& dimensions, int64_t elements, int64_t element_bytes, int64_t unit) {
  const bool repeats = !dimensions.empty() && dimensions.back().step == 0 && unit > element_bytes;
  StridedCopy copy{.units = elements * element_bytes / unit,
                   .unit = static_cast<int>(unit),
                   .element = static_cast<int>(repeats ? element_bytes : unit),
                   .rank = static_cast<int>(dimensions.size())};
  for (size_t i = 0; i < dimensions.size(); ++i) {
    const StridedDimension& d = dimensions[dimensions.size() - 1 - i];
    int64_t size = d.size, step = d.step * element_bytes;
    if (i == 0) {
      size = size * element_bytes / unit;
      step = step * unit / element_bytes;
    }
    copy.dimension[i] = {index_divisor(size, copy.units), step};
  }
  return copy;
}

// The widest unit of which all rows and distances are multiples.
int64_t widest_unit(const Dimensions& dimensions, int64_t element_bytes) {
  if (dimensions.empty() || dimensions.back().step > 1) return element_bytes;
  int64_t unit = 16;
  const auto fit = [&](int64_t bytes) {
    while (bytes % unit != 0) unit /= 2;
  };
  fit(dimensions.back().size * element_bytes);
  if (dimensions.back().step == 0) return unit == 16 ? 16 : element_bytes;
  for (size_t i = 0; i + 1 < dimensions.size(); ++i) fit(dimensions[i].step * element_bytes);
  return std::max(unit, element_bytes);
}

int bits_for(int64_t size) { return std::bit_width(static_cast<uint64_t>(size - 1)); }  // the least 2^bits >= size

// Rows of 32 where there are as many, else fewer rows that are longer, or columns.
void choose_tile(TransposeTiles& tiles) {
  const int elements_bits = std::bit_width(static_cast<unsigned>(TransposeTiles::tile_bytes / tiles.element)) - 1;
  const int inner = bits_for(tiles.inner), beside = bits_for(tiles.beside);
  tiles.inner_bits = inner < 5 ? inner : beside < 5 ? elements_bits - beside : 5;
  tiles.beside_bits = elements_bits - tiles.inner_bits;
  const int rows = 1 << tiles.inner_bits;
  tiles.pitch = (1 << tiles.beside_bits) + (rows < 32 ? 32 / rows : 1);  // so that columns lie in all banks
}

TransposeTiles tiles_of(const Dimensions& dimensions, size_t beside, int64_t element_bytes) {
  TransposeTiles tiles{.inner = dimensions.back().size,
                       .from_step = dimensions.back().step,
                       .beside = dimensions[beside].size,
                       .element = static_cast<int>(element_bytes)};
  choose_tile(tiles);
  const int64_t inner_tiles = ceil_div(tiles.inner, int64_t{1} << tiles.inner_bits);
  const int64_t beside_tiles = ceil_div(tiles.beside, int64_t{1} << tiles.beside_bits);
  tiles.tiles = inner_tiles * beside_tiles;
  int64_t step = tiles.inner;
  for (size_t i = dimensions.size() - 1; i-- > 0; step *= dimensions[i].size) {
    if (i == beside) {
      tiles.to_step = step;
    } else {
      tiles.outer[tiles.rank++] = {{.by = dimensions[i].size}, dimensions[i].step, step};
      tiles.tiles *= dimensions[i].size;
    }
  }
  tiles.inner_tiles = index_divisor(inner_tiles, tiles.tiles);
  tiles.beside_tiles = index_divisor(beside_tiles, tiles.tiles);
  for (int d = 0; d < tiles.rank; ++d) tiles.outer[d].size = index_divisor(tiles.outer[d].size.by, tiles.tiles);
  return tiles;
}

}  // namespace

StridedPlan::StridedPlan(std::vector<StridedDimension> dimensions, int64_t element_bytes) {
  int64_t elements = 1;
  for (const StridedDimension& d : dimensions) elements *= d.size;
  empty = elements == 0;
  if (empty) return;
  dimensions = joined_dimensions(dimensions);
  DL_CHECK(dimensions.size() <= static_cast<size_t>(TransposeTiles::most), dimensions.size(), " dimensions");
  const auto beside = std::ranges::find(dimensions, 1, &StridedDimension::step);
  tiled = !dimensions.empty() && dimensions.back().step > 1 && beside != dimensions.end();
  if (tiled) {
    tiles = tiles_of(dimensions, static_cast<size_t>(beside - dimensions.begin()), element_bytes);
    grid = {.x = blocks_for(tiles.tiles, 1),
            .threads = TransposeTiles::threads,
            .shared_bytes = static_cast<int>(element_bytes << tiles.inner_bits) * tiles.pitch};
  } else {
    wide = copy_of(dimensions, elements, element_bytes, widest_unit(dimensions, element_bytes));
    narrow = copy_of(dimensions, elements, element_bytes, element_bytes);
    grid = {.x = blocks_for(wide.units, StridedCopy::block_units), .threads = StridedCopy::threads};
  }
}

}  // namespace dl::cuda
