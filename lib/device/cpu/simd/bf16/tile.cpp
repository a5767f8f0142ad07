// The register tile in bf16: as in f32, with a pair of the depth in the place of an element.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/bf16/tile.h"

#include "lib/device/cpu/simd/bf16/words.h"

namespace dl::DL_ISA {
namespace {

#define DL_UNROLL _Pragma("GCC unroll 32")

template <int Rows, int Vectors>
DL_INLINE void add_words(vf (&sum)[Rows][Vectors], const uint32_t (&word)[Rows], const uint16_t* b) {
  vf column[Vectors];
  DL_UNROLL for (int v = 0; v < Vectors; ++v) column[v] = load_words(b + v * 2 * lanes);
  DL_UNROLL for (int r = 0; r < Rows; ++r) {
    const vf x = splat_word(word[r]);
    DL_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] = add_dot(sum[r][v], x, column[v]);
  }
}

template <int Rows, int Vectors, Along along>
DL_INLINE void add_products(vf (&sum)[Rows][Vectors], const uint16_t* a, const uint16_t* b, const Bf16Tile& t) {
  // Three rows share a pointer: base, base + stride, base + 2 stride are addressing modes of the processor.
  constexpr bool by_depth = along == Along::depth;
  constexpr int pointers = by_depth ? (Rows + 2) / 3 : 1;
  const int64_t a_row = t.a_row, a_step = by_depth ? 2 : 2 * t.a_depth, b_step = 2 * t.b_depth;
  const uint16_t* row[pointers];
  DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] = a + 3 * p * a_row;
  const int64_t pairs = by_depth ? t.depth / 2 : (t.depth + 1) / 2;
#pragma GCC unroll 1
  for (int64_t d = 0; d < pairs; ++d) {
    uint32_t word[Rows];
    DL_UNROLL for (int r = 0; r < Rows; ++r) {
      word[r] = load_word(by_depth ? row[r / 3 % pointers] + (r % 3) * a_row : row[0] + 2 * r);
    }
    add_words<Rows, Vectors>(sum, word, b);
    b += b_step;
    DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] += a_step;
  }
  if (by_depth && t.depth % 2 != 0) {  // what lies behind the last element is none of ours
    uint32_t word[Rows];
    DL_UNROLL for (int r = 0; r < Rows; ++r) word[r] = row[r / 3 % pointers][(r % 3) * a_row];
    add_words<Rows, Vectors>(sum, word, b);
  }
}

template <int Rows, int Vectors, Along along>
void tile(const Bf16Tile& t) {
  vf sum[Rows][Vectors] = {};
  const uint16_t* a_outer = t.a;
  const uint16_t* b_outer = t.b;
  for (int64_t o = 0; o < t.outer; ++o, a_outer += t.a_outer, b_outer += t.b_outer) {
    const uint16_t* a = a_outer;
    const uint16_t* b = b_outer;
    for (int64_t i = 0; i < t.inner; ++i, a += t.a_inner, b += t.b_inner) {
      add_products<Rows, Vectors, along>(sum, a, b, t);
    }
  }
  DL_UNROLL for (int r = 0; r < Rows; ++r) {
    float* c = t.c + r * t.c_row;
    DL_UNROLL for (int v = 0; v + 1 < Vectors; ++v) {
      store(c + v * lanes, t.accumulate ? load(c + v * lanes) + sum[r][v] : sum[r][v]);
    }
    float* end = c + (Vectors - 1) * lanes;
    const vf last = sum[r][Vectors - 1];
    store_first(end, t.accumulate ? load_first(end, t.last) + last : last, t.last);
  }
}

using TileFunction = void (*)(const Bf16Tile&);

// The tiles of one width, by height: entry 0 is one row.
template <Along along, int Vectors>
struct Heights {
  TileFunction by_rows[most_rows(Vectors)] = {};
};

template <Along along, int Vectors, int Rows = most_rows(Vectors)>
constexpr void fill(Heights<along, Vectors>& heights) {
  heights.by_rows[Rows - 1] = &tile<Rows, Vectors, along>;
  if constexpr (Rows > 1) fill<along, Vectors, Rows - 1>(heights);
}

template <Along along, int Vectors>
constexpr Heights<along, Vectors> all_heights() {
  Heights<along, Vectors> heights;
  fill<along, Vectors>(heights);
  return heights;
}

template <Along along>
TileFunction tile_of(int64_t rows, int vectors) {
  static constexpr Heights<along, 1> one = all_heights<along, 1>();
  static constexpr Heights<along, 2> two = all_heights<along, 2>();
  static constexpr Heights<along, 3> three = all_heights<along, 3>();
  static constexpr Heights<along, 4> four = all_heights<along, 4>();
  switch (vectors) {
    case 1: return one.by_rows[rows - 1];
    case 2: return two.by_rows[rows - 1];
    case 3: return three.by_rows[rows - 1];
    default: return four.by_rows[rows - 1];
  }
}

}  // namespace

void run_bf16_tile(const Bf16Tile& t, Along along, int rows, int vectors) {
  (along == Along::depth ? tile_of<Along::depth>(rows, vectors) : tile_of<Along::row>(rows, vectors))(t);
}

void run_bf16_strip(const Bf16Tile& strip, Along along, int64_t rows, int vectors) {
  for_each_tile(strip, rows, vectors, [=](const Bf16Tile& t, int height) { run_bf16_tile(t, along, height, vectors); });
}

const Bf16StripKernels bf16_strip_kernels = {lanes, next_vectors, run_bf16_strip, nullptr};

}  // namespace dl::DL_ISA
