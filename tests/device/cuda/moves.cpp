// Kernels that move elements, on emulated threads: pieces of rows, permuted and repeated axes, rows replaced.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/kernels/write_rows.h"
#include "lib/device/cuda/piece_copy.h"
#include "lib/device/cuda/strided_plan.h"
#include "tests/device/cuda/emulated_thread.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes random_bytes(int64_t n, uint64_t seed) {
  Bytes bytes(static_cast<size_t>(n));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(random_bits(seed, 0, i));
  return bytes;
}

// Element i of y is element at(i) of x, by plain division.
int64_t place_in_operand(const std::vector<StridedDimension>& dimensions, int64_t i) {
  int64_t at = 0;
  for (size_t d = dimensions.size(); d-- > 0; i /= dimensions[d].size)
    at += i % dimensions[d].size * dimensions[d].step;
  return at;
}

// `shift`: elements by which the operand's address is off.
void check_strided(const std::vector<StridedDimension>& dimensions, int64_t element, int64_t shift) {
  CAPTURE(element);
  CAPTURE(shift);
  int64_t n = 1, most = 0;
  for (const StridedDimension& d : dimensions) n *= d.size, most += (d.size - 1) * d.step;
  StridedPlan plan(dimensions, element);
  const Bytes x = random_bytes((most + 1 + shift) * element, 1);
  for (unsigned seed = 0; seed < 2; ++seed) {
    Bytes y(static_cast<size_t>(n * element), 0xEE);
    const unsigned char* from = x.data() + shift * element;
    if (plan.tiled) {
      plan.tiles.from = from, plan.tiles.to = y.data();
      run_emulated(
          plan.grid, [](const auto& t, const TransposeTiles& p) { transpose_tiles(t, p); }, plan.tiles, seed);
    } else {
      StridedCopy& copy = is_aligned(from, 16) && is_aligned(y.data(), 16) ? plan.wide : plan.narrow;
      copy.from = from, copy.to = y.data();
      run_emulated(
          plan.grid, [](const auto& t, const StridedCopy& p) { copy_strided(t, p); }, copy, seed);
    }
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; ++i)
      wrong += !std::equal(y.begin() + i * element, y.begin() + (i + 1) * element,
                           from + place_in_operand(dimensions, i) * element);
    CHECK(wrong == 0);
  }
}

// The dimensions of a result whose axis i is axis order[i] of a row-major operand.
std::vector<StridedDimension> permuted(const std::vector<int64_t>& sizes, const std::vector<size_t>& order) {
  std::vector<StridedDimension> own(sizes.size()), dimensions;
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0; step *= sizes[i]) own[i] = {sizes[i], step};
  for (size_t axis : order) dimensions.push_back(own[axis]);
  return dimensions;
}

Bytes copied(const std::vector<RowsOfBytes>& rows) {
  CopyPieces pieces{};
  int blocks = 0;
  for (const RowsOfBytes& r : rows) {
    CopyPiece& piece = pieces.piece[pieces.count++] = piece_of(r);
    piece.first_block = blocks;
    blocks += piece.blocks;
  }
  run_emulated(
      {.x = blocks, .threads = CopyPieces::threads}, [](const auto& t, const CopyPieces& p) { copy_pieces(t, p); },
      pieces, 7);
  return {};
}

}  // namespace

TEST_CASE("an index divided by multiplication is the index divided") {
  for (uint64_t i = 0; i < 20000; ++i) {
    const int64_t end = int64_t{1} << (1 + random_bits(1, 0, i) % 61);
    int64_t by = static_cast<int64_t>(uint64_t{1} << random_bits(1, 1, i) % 62) +
                 static_cast<int64_t>(random_bits(1, 2, i) % 3) - 1;
    if (i % 2) by = static_cast<int64_t>(random_bits(1, 3, i));
    if (by < 1) by = 1;
    const IndexDivisor d = index_divisor(by, end);
    const auto any = static_cast<int64_t>((uint64_t{random_bits(1, 4, i)} << 31 ^ random_bits(1, 5, i)) %
                                          static_cast<uint64_t>(end));
    for (int64_t index : {int64_t{0}, by - 1, by, end - 1, any, any / by * by, any / by * by - 1})
      if (index >= 0 && index < end) CHECK(quotient(index, d) == index / by);
  }
}

TEST_CASE("permuted axes lie where they belong, tiles or not, for elements of 1, 2 and 4 bytes") {
  for (int64_t element : {1, 2, 4}) {
    check_strided(permuted({70, 45}, {1, 0}), element, 0);  // tiles with ragged edges
    check_strided(permuted({3, 100}, {1, 0}), element, 1);  // fewer rows than a tile has
    check_strided(permuted({130, 2}, {1, 0}), element, 0);
    check_strided(permuted({2, 5, 33, 7}, {0, 3, 2, 1}), element, 0);
    check_strided(permuted({3, 4, 5, 6}, {3, 1, 0, 2}), element, 0);
    check_strided(permuted({4, 6, 3, 16}, {0, 2, 1, 3}), element, 0);  // the last axis stays: 16 bytes at once
    check_strided(permuted({4, 6, 3, 16}, {0, 2, 1, 3}), element, 1);
    check_strided(permuted({4, 5, 3, 6}, {2, 1, 0, 3}), element, 0);
    check_strided(permuted({2, 1, 9}, {1, 0, 2}), element, 0);  // all as it was
    check_strided({}, element, 0);
  }
}

TEST_CASE("repeated axes repeat") {
  for (int64_t element : {1, 2, 4}) {
    check_strided({{5, 1}, {48, 0}}, element, 0);  // 16 bytes of one element
    check_strided({{5, 1}, {3, 0}}, element, 0);
    check_strided({{1100, 0}, {4, 1}}, element, 0);
    check_strided({{3, 0}, {5, 8}, {2, 0}, {8, 1}}, element, 0);
    check_strided({{2000, 0}}, element, 0);
  }
}

TEST_CASE("pieces are copied in units that their addresses allow, and gaps cleared") {
  for (int64_t off : {0, 1, 2, 4, 8}) {
    CAPTURE(off);
    const Bytes x = random_bytes(9000, 3);
    Bytes y(9000, 0xEE);
    copied({{.from = x.data() + off, .to = y.data() + 16, .rows = 1, .bytes = 5000, .from_step = 0, .to_step = 0},
            {.from = nullptr, .to = y.data() + 5016, .bytes = 7},
            {.from = x.data(), .to = y.data() + 5024 + off, .rows = 11, .bytes = 24, .from_step = 32, .to_step = 48}});
    int64_t wrong = 0;
    for (size_t i = 0; i < 9000; ++i) {
      unsigned char expected = 0xEE;
      if (i >= 16 && i < 5016) expected = x[i - 16 + static_cast<size_t>(off)];
      if (i >= 5016 && i < 5023) expected = 0;
      const int64_t at = static_cast<int64_t>(i) - 5024 - off;
      if (at >= 0 && at / 48 < 11 && at % 48 < 24) expected = x[static_cast<size_t>(at / 48 * 32 + at % 48)];
      wrong += y[i] != expected;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("the unit of a piece is the widest that divides all of its addresses") {
  alignas(16) static unsigned char memory[64];
  CHECK(piece_of({.from = memory, .to = memory + 16, .bytes = 32}).unit == 16);
  CHECK(piece_of({.from = memory, .to = memory + 24, .bytes = 32}).unit == 8);
  CHECK(piece_of({.from = memory, .to = memory + 16, .bytes = 20}).unit == 4);
  CHECK(piece_of({.from = memory + 2, .to = memory, .bytes = 16}).unit == 2);
  CHECK(piece_of({.from = memory, .to = memory, .bytes = 15}).unit == 1);
  CHECK(piece_of({.from = memory, .to = memory, .rows = 3, .bytes = 16, .from_step = 20, .to_step = 16}).unit == 4);
  CHECK(piece_of({.from = memory, .to = memory, .rows = 3, .bytes = 20, .from_step = 20, .to_step = 20}).units == 15);
  CHECK(piece_of({.from = nullptr, .to = memory, .rows = 4, .bytes = 4, .from_step = 0, .to_step = 4}).unit == 16);
}

TEST_CASE("each sample's row is replaced, in place or not, and a position outside the length replaces nothing") {
  for (int64_t width : {5, 8}) {
    for (bool in_place : {false, true}) {
      CAPTURE(width);
      CAPTURE(in_place);
      const int64_t batch = 37, length = 9;
      std::vector<float> into(static_cast<size_t>(batch * length * width)), rows(static_cast<size_t>(batch * width));
      for (size_t i = 0; i < into.size(); ++i) into[i] = static_cast<float>(i);
      for (size_t i = 0; i < rows.size(); ++i) rows[i] = -1 - static_cast<float>(i);
      std::vector<int> position(static_cast<size_t>(batch));
      for (size_t b = 0; b < position.size(); ++b) position[b] = static_cast<int>(b * 5 % 11) - 1;
      std::vector<float> expected = into, y(into.size(), NAN);
      for (int64_t b = 0; b < batch; ++b) {
        const int64_t at = position[static_cast<size_t>(b)];
        for (int64_t k = 0; at >= 0 && at < length && k < width; ++k)
          expected[static_cast<size_t>((b * length + at) * width + k)] = rows[static_cast<size_t>(b * width + k)];
      }
      const int64_t unit = width % 4 == 0 ? 16 : 4, row_units = width * 4 / unit, n = batch * (in_place ? 1 : length);
      std::vector<float>& result = in_place ? into : y;
      run_emulated(
          {.x = 2, .threads = WriteRows::threads}, [](const auto& t, const WriteRows& p) { write_rows(t, p); },
          WriteRows{.into = reinterpret_cast<const unsigned char*>(into.data()),
                    .rows = reinterpret_cast<const unsigned char*>(rows.data()),
                    .position = position.data(),
                    .y = reinterpret_cast<unsigned char*>(result.data()),
                    .units = n * row_units,
                    .row_units = index_divisor(row_units, n * row_units),
                    .length = index_divisor(length, n),
                    .unit = static_cast<int>(unit)});
      CHECK(result == expected);
    }
  }
}
