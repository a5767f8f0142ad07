// Attention by blocks of keys and strips of queries: products by register tiles, and what lies between them a row at a
// time. Where attention is causal, each strip of rows is multiplied only with the keys that its last row sees. Included
// by the source for each type of tensor: f32, or bf16, whose probabilities and their slopes are rounded to bf16 for the
// products while sums stay in f32. Here is what both directions are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/ahead.h"
#include "lib/device/cpu/simd/attention.h"
#include "lib/device/cpu/simd/bf16/tile.h"
#include "lib/device/cpu/simd/bf16/words.h"
#include "lib/device/cpu/simd/even_blocks.h"
#include "lib/device/cpu/simd/loop_math.h"
#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {

constexpr int64_t panel = 2 * lanes;         // keys of a panel
constexpr int64_t block_floats = 16 * 1024;  // of a block of keys: with its companions half the second cache
constexpr int64_t most_keys = 512;           // of a block
// Of backward. The more queries, the fewer times the gradients of keys and values come from the second cache,
// where the queries' scores and their slopes lie, too.
constexpr int64_t query_block = 84 / most_rows(2) * most_rows(2);
static_assert(query_block % 2 == 0);

// An operand of products, which is never denormal where it matters.
DL_INLINE void store_operand(float* p, vf x) { store(p, x); }
DL_INLINE void store_operand(uint16_t* p, vf x) {
#if defined(__AVX512BF16__)
  *reinterpret_cast<vh_memory*>(p) = reinterpret_cast<vh>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(x)));
#else
  store_bf16(p, x);
#endif
}

DL_INLINE void clear(float* x, int64_t n) {
  each_vector(n, [=](int64_t i, int count) { store_some(x + i, vf{}, count); });
}

// The sizes of a block, the same for every block of these heads. T: the tensors' type, which is the operands' too.
template <class T>
struct Sizes {
  static constexpr int64_t elements = sizeof(float) / sizeof(T);  // in the place of a float: 1, or a pair of the depth

  explicit Sizes(const AttentionHeads& h)
      : dim(h.head_dim), depth(round_up(h.head_dim, elements)), width(round_up(h.head_dim, lanes)) {
    const int64_t fit = block_floats / width / panel * panel;
    keys = smaller(smaller(fit < panel ? panel : fit, most_keys), round_up(h.keys, panel));
    row = keys + lanes;  // so that the rows of a column fall into different sets of the cache
  }
  // Of `rows` packed rows, and of the panels of a block of keys, in floats.
  int64_t packed(int64_t rows) const { return round_up(rows, elements) / elements * width; }
  int64_t panels() const { return keys * depth / elements; }

  int64_t dim;           // of a position
  int64_t depth, width;  // with padding as operands need it
  int64_t keys;          // of a block
  int64_t row;           // of scores, in floats; an operand made of them in their place has elements * row
};

// Memory of operands is counted in floats.
template <class T>
T* operand(float* memory) {
  return reinterpret_cast<T*>(memory);
}

// Rows of `dim` elements as the right factor [rows][width] of a product, padded with 0; in bf16 [rows / 2][width][2].
inline void pack_rows(const float* from, int64_t from_row, int64_t rows, const Sizes<float>& z, float* to) {
  for (int64_t r = 0; r < rows; ++r, from += from_row, to += z.width) {
    each_vector(z.dim, [=](int64_t i, int count) { store(to + i, load_some(from + i, count)); });
  }
}
inline void pack_rows(const uint16_t* from, int64_t from_row, int64_t rows, const Sizes<uint16_t>& z, uint16_t* to) {
  each_vector(z.dim, [=](int64_t i, int count) {
    const auto put = [=](int64_t p, vf x) __attribute__((always_inline)) {
      store_words(to + 2 * (p * z.width + i), x);
    };
    count == lanes ? pair_rows(from + i, from_row, lanes, rows, put) : pair_rows(from + i, from_row, count, rows, put);
  });
}

// Rows as the transposed right factor, in panels [dim][panel] of rows, the last padded with 0; in bf16
// [dim / 2][panel][2].
inline void turn_keys(const float* from, int64_t from_row, int64_t count, const Sizes<float>& z, float* panels) {
  for (int64_t first = 0; first < round_up(count, panel); first += lanes) {
    float* to = panels + first / panel * panel * z.dim + first % panel;
    const int here = static_cast<int>(smaller(lanes, count - first < 0 ? 0 : count - first));
    turn_rows(from + first * from_row, from_row, here, z.dim, [=](int64_t d, vf x) { store(to + d * panel, x); });
  }
}
inline void turn_keys(const uint16_t* from, int64_t from_row, int64_t count, const Sizes<uint16_t>& z,
                      uint16_t* panels) {
  for (int64_t first = 0; first < round_up(count, panel); first += lanes) {
    uint16_t* to = panels + first / panel * panel * z.depth + 2 * (first % panel);
    const int here = static_cast<int>(smaller(lanes, count - first < 0 ? 0 : count - first));
    pair_columns(from + first * from_row, from_row, here, z.dim,
                 [=](int64_t p, vf x) { store_words(to + 2 * p * panel, x); });
  }
}

template <class T>
void put_rows(const float* from, int64_t rows, const Sizes<T>& z, float factor, T* to, int64_t to_row) {
  for (int64_t r = 0; r < rows; ++r, from += z.width, to += to_row) {
    each_vector(z.dim, [&](int64_t i, int count) { store_some(to + i, load(from + i) * factor, count); });
  }
}

// How many keys query i sees.
DL_INLINE int64_t seen(const AttentionHeads& h, int64_t i) { return h.causal ? smaller(i + 1, h.visible) : h.visible; }

// What these heads write and the next heads of a thread read, brought closer to the core a few lines a tile: the rows
// of a head are short and lie far apart. So many areas in about `tiles` tiles.
template <class T>
class HeadsAhead {
 public:
  HeadsAhead(int64_t tiles, int areas) : tiles_(tiles / areas + 1) {}
  void add(const void* from, int64_t row, int64_t rows, int64_t elements) {
    areas_[count_++] = Ahead<T>(static_cast<const T*>(from), row, rows, elements, tiles_);
  }
  void fetch_part() {
    if (at_ == count_) return;
    areas_[at_].fetch_part();
    if (areas_[at_].done()) ++at_;
  }

 private:
  static constexpr int most = 8;
  Ahead<T> areas_[most];
  int64_t tiles_;  // for each area
  int count_ = 0, at_ = 0;
};

inline void run(const Tile& t, Along along, int rows, int vectors) { run_tile(t, along, rows, vectors); }
inline void run(const Bf16Tile& t, Along along, int rows, int vectors) { run_bf16_tile(t, along, rows, vectors); }

// C[rows, n] = A[rows, dim] B, B in panels; C's rows are Sizes::row apart.
template <class T>
void multiply_panels(const T* a, int64_t a_row, const T* panels, int rows, int64_t n, const Sizes<T>& z, float* c,
                     HeadsAhead<T>& ahead) {
  TileOf<T> t;
  t.a = a;
  t.a_row = a_row;
  t.depth = z.dim;
  t.b_depth = panel;
  t.c_row = z.row;
  t.last = lanes;
  for (int64_t j = 0; j < n; j += panel) {
    t.b = panels + j * z.depth;
    t.c = c + j;
    ahead.fetch_part();
    run(t, Along::depth, rows, n - j > lanes ? 2 : 1);
  }
}

// C[rows, width] += A[rows, depth] B[depth, width]; A's strides are set, B is packed.
template <class T>
void add_product(TileOf<T> t, Along along, int rows, int64_t depth, const T* b, const Sizes<T>& z, float* c,
                 HeadsAhead<T>& ahead) {
  t.depth = depth;
  t.b_depth = z.width;
  t.c_row = z.width;
  t.last = lanes;
  t.accumulate = true;
  int vectors = 0;
  for (int64_t j = 0; j < z.width; j += int64_t{vectors} * lanes) {
    vectors = z.width - j > lanes ? 2 : 1;
    t.b = b + j * Sizes<T>::elements;
    t.c = c + j;
    ahead.fetch_part();
    run(t, along, rows, vectors);
  }
}

// Rows of scores as the left factor.
template <class T>
TileOf<T> rows_of(const T* scores, const Sizes<T>& z) {
  TileOf<T> t;
  t.a = scores;
  t.a_row = z.row * Sizes<T>::elements;
  return t;
}

// Scores as the left factor transposed, from row `skipped` on, which is even, and from key `key` on. In bf16 they lie
// in pairs of rows, [rows / 2][row][2].
template <class T>
TileOf<T> columns_of(const T* scores, int64_t skipped, int64_t key, const Sizes<T>& z) {
  TileOf<T> t;
  t.a = scores + skipped * z.row + key * Sizes<T>::elements;
  t.a_row = Sizes<T>::elements;
  t.a_depth = z.row;
  return t;
}

// Puts the first n columns so; in f32 they already do.
inline const float* in_pairs(const float* scores, int64_t, int64_t, const Sizes<float>&, float*) { return scores; }
inline const uint16_t* in_pairs(const uint16_t* scores, int64_t rows, int64_t n, const Sizes<uint16_t>& z,
                                float* memory) {
  uint16_t* const pairs = operand<uint16_t>(memory);
  for (int64_t j = 0; j < n; j += lanes) {
    pair_rows(scores + j, 2 * z.row, lanes, rows,
              [=](int64_t p, vf x) { store_words(pairs + 2 * (p * z.row + j), x); });
  }
  return pairs;
}

DL_INLINE vf only_first(vf x, vf rest, int count) { return count == lanes ? x : select(lane_index() < count, x, rest); }

// Factors 0 or 1 / (1 - dropout) of n probabilities from key `first` on.
inline void draw(const AttentionHeads& h, int64_t g, int64_t i, int64_t first, int64_t n, float* factors) {
  const int64_t index = h.first_random + (g * h.queries + i) * h.keys + first;
  h.random(factors, h.key, h.step, index, n);
  const vf share = splat(1 / (1 - h.dropout));
  each_vector(n, [=](int64_t j, int count) {
    store_some(factors + j, select(load_some(factors + j, count) < splat(h.dropout), vf{}, share), count);
  });
}

template <class T>
DL_INLINE void clear_operand(T* x, int64_t begin, int64_t end) {
  for (int64_t j = begin; j < end; j += lanes) store_operand(x + j, vf{});
}

}  // namespace dl::DL_ISA
