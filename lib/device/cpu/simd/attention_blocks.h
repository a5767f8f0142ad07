// Attention by blocks of keys and strips of queries: products by register tiles, and what lies between them a row at a
// time. Where attention is causal, each strip of rows is multiplied only with the keys that its last row sees. Included
// by the source for each type of tensor: f32, or bf16, whose probabilities and their slopes are rounded to bf16 for the
// products while sums stay in f32.
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

// What the next heads of a thread read, brought closer to the core a few lines a tile: the rows of a head are short and
// lie far apart. In about `tiles` tiles.
template <class T>
class NextHeads {
 public:
  explicit NextHeads(int64_t tiles) : tiles_(tiles / most + 1) {}
  void add(const void* from, int64_t row, int64_t rows, int64_t elements) {
    areas_[count_++] = Ahead<T>(static_cast<const T*>(from), row, rows, elements, tiles_);
  }
  void fetch_part() {
    if (at_ == count_) return;
    areas_[at_].fetch_part();
    if (areas_[at_].done()) ++at_;
  }

 private:
  static constexpr int most = 5;
  Ahead<T> areas_[most];
  int64_t tiles_;  // for each area
  int count_ = 0, at_ = 0;
};

inline void run(const Tile& t, Along along, int rows, int vectors) { run_tile(t, along, rows, vectors); }
inline void run(const Bf16Tile& t, Along along, int rows, int vectors) { run_bf16_tile(t, along, rows, vectors); }

// C[rows, n] = A[rows, dim] B, B in panels; C's rows are Sizes::row apart.
template <class T>
void multiply_panels(const T* a, int64_t a_row, const T* panels, int rows, int64_t n, const Sizes<T>& z, float* c,
                     NextHeads<T>& next) {
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
    next.fetch_part();
    run(t, Along::depth, rows, n - j > lanes ? 2 : 1);
  }
}

// C[rows, width] += A[rows, depth] B[depth, width]; A's strides are set, B is packed.
template <class T>
void add_product(TileOf<T> t, Along along, int rows, int64_t depth, const T* b, const Sizes<T>& z, float* c,
                 NextHeads<T>& next) {
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
    next.fetch_part();
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

DL_INLINE float lane_max(vf x) {
  return join_lanes(
      x, [](vf a, vf b) __attribute__((always_inline)) { return larger(a, b); });
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

// The largest of `most` and of one row's scaled scores.
DL_INLINE float largest_of(const float* scores, int64_t valid, float scale, float most) {
  vf largest = splat(most);
  each_vector(valid, [&](int64_t j, int count) {
    largest = larger(only_first(load(scores + j) * scale, splat(-infinity), count), largest);
  });
  return lane_max(largest);
}

// Scores of `height` rows of head g, from query i0 and key k0 on, become, in their place, operands
// exp(scale score - most) times the factors of dropout, with each row's `most` and `total` carried on; what was summed
// up before shrinks.
template <class T>
__attribute__((noinline)) void soften(const AttentionHeads& h, int64_t g, int64_t i0, int64_t height, int64_t k0,
                                      int64_t n, const Sizes<T>& z, float* scores, float* factors, float* most,
                                      float* total, float* sums) {
  const auto valid_of = [&](int64_t r) { return smaller(n, seen(h, i0 + r) - k0); };
  // Of all rows first: a row's exponentials wait for its largest score, the next row's search does not.
  float largest[most_rows(2)];
  for (int64_t r = 0; r < height; ++r) largest[r] = largest_of(scores + r * z.row, valid_of(r), h.scale, most[r]);
  for (int64_t r = 0; r < height; ++r, scores += z.row, sums += z.width) {
    T* const p = operand<T>(scores);
    const int64_t valid = valid_of(r);
    if (valid <= 0) {
      clear_operand(p, 0, n);
      continue;
    }
    const float now = largest[r];
    vf sum{};
    const auto soften_vectors = [&](auto factor) __attribute__((always_inline)) {
      each_vector(valid, [&](int64_t j, int count) {
        const vf e = only_first(exp_or_zero(load(scores + j) * h.scale - now), vf{}, count);
        sum += e;
        store_operand(p + j, factor(e, j, count));
      });
    };
    if (h.dropout > 0) {
      draw(h, g, i0 + r, k0, valid, factors);
      soften_vectors([=](vf e, int64_t j, int count) { return e * load_some(factors + j, count); });
    } else {
      soften_vectors([](vf e, int64_t, int) { return e; });
    }
    clear_operand(p, round_up(valid, lanes), n);
    if (most[r] != now && most[r] > -infinity) {
      const float shrink = exp(splat(most[r] - now))[0];
      total[r] *= shrink;
      for (int64_t d = 0; d < z.width; d += lanes) store(sums + d, load(sums + d) * shrink);
    }
    most[r] = now;
    total[r] += lane_sum(sum);
  }
}

template <class T>
int64_t forward_floats(const AttentionHeads& h, int64_t queries) {
  const Sizes<T> z(h);
  return round_up(z.panels() + z.packed(z.keys) + h.group * queries * (z.width + 2) + (most_rows(2) + 1) * z.row,
                  lanes);
}

template <class T>
void forward(const AttentionHeads& h, int64_t begin, int64_t end, float* workspace) {
  const Sizes<T> z(h);
  const int64_t rows = end - begin, all = h.group * rows;
  T* const keys = operand<T>(workspace);
  T* const values = operand<T>(workspace + z.panels());
  float* const sums = workspace + z.panels() + z.packed(z.keys);
  float* const scores = sums + all * z.width;
  float* const factors = scores + most_rows(2) * z.row;
  float* const most = factors + z.row;
  float* const total = most + all;
  NextHeads<T> next(all / most_rows(2) * (seen(h, begin + rows / 2) / panel + 2));
  if (h.next != nullptr) {
    next.add(h.next->k, h.k_row, h.keys, z.dim);
    next.add(h.next->v, h.v_row, h.keys, z.dim);
    next.add(static_cast<const T*>(h.next->q) + begin * h.q_row, h.q_row, rows, h.group * z.dim);
  }
  clear(sums, all * z.width);
  for (int64_t r = 0; r < all; ++r) most[r] = -infinity, total[r] = 0;

  for (int64_t k0 = 0, last = seen(h, end - 1); k0 < last; k0 += z.keys) {
    const int64_t block = smaller(z.keys, last - k0);
    turn_keys(static_cast<const T*>(h.k) + k0 * h.k_row, h.k_row, block, z, keys);
    pack_rows(static_cast<const T*>(h.v) + k0 * h.v_row, h.v_row, block, z, values);
    for (int64_t g = 0; g < h.group; ++g) {
      const T* const queries = static_cast<const T*>(h.q) + begin * h.q_row + g * z.dim;
      for (int64_t row = 0, height = 0; row < rows; row += height) {
        height = next_height(rows - row, 2);
        const int64_t n = smaller(block, seen(h, begin + row + height - 1) - k0), at = g * rows + row;
        if (n <= 0) continue;
        multiply_panels(queries + row * h.q_row, h.q_row, keys, static_cast<int>(height), n, z, scores, next);
        soften<T>(h, g, begin + row, height, k0, n, z, scores, factors, most + at, total + at, sums + at * z.width);
        add_product(rows_of<T>(operand<T>(scores), z), Along::depth, static_cast<int>(height), n, values, z,
                    sums + at * z.width, next);
      }
    }
  }

  for (int64_t g = 0; g < h.group; ++g) {
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = g * rows + r, i = begin + r;
      const float share = seen(h, i) > 0 ? 1 / total[at] : 0.0f;
      put_rows(sums + at * z.width, 1, z, share, static_cast<T*>(h.y) + i * h.y_row + g * z.dim, 0);
    }
    each_vector(rows, [&](int64_t r, int count) {
      const vf sum = load_some(most + g * rows + r, count) + log(load_some(total + g * rows + r, count));
      store_some(h.log_sums + g * h.queries + begin + r, sum, count);
    });
  }
}

template <class T>
int64_t backward_floats(const AttentionHeads& h) {
  const Sizes<T> z(h);
  const int64_t pairs = Sizes<T>::elements == 1 ? 0 : query_block * z.row;
  return round_up(2 * z.panels() + z.packed(z.keys) + 2 * z.keys * z.width + h.group * h.queries * z.width +
                      2 * z.packed(query_block) + query_block * (2 * z.row + 1) + z.row + pairs,
                  lanes);
}

// One row of probabilities and of the slopes of their scores, from scores and the slopes of the probabilities: operands
// in their place.
template <class T>
void slope_row(float* scores, float* slopes, int64_t valid, int64_t n, float scale, float log_sum, float slope,
               const float* factors) {
  T *const p = operand<T>(scores), *const ds = operand<T>(slopes);
  each_vector(valid, [=](int64_t j, int count) {
    const vf e = exp_or_zero(load(scores + j) * scale - log_sum);
    const vf kept = factors != nullptr ? load_some(factors + j, count) : splat(1);
    store_operand(ds + j, only_first(e * (load(slopes + j) * kept - slope), vf{}, count));
    store_operand(p + j, only_first(e * kept, vf{}, count));
  });
  clear_operand(p, round_up(valid, lanes), n);
  clear_operand(ds, round_up(valid, lanes), n);
}

template <class T>
float dot(const T* a, const T* b, int64_t n) {
  vf sum{};
  each_vector(n, [&](int64_t i, int count) { sum += load_some(a + i, count) * load_some(b + i, count); });
  return lane_sum(sum);
}

template <class T>
void backward(const AttentionHeads& h, const AttentionSlopes& s, float* workspace) {
  const Sizes<T> z(h);
  float* free = workspace;
  const auto take = [&free](int64_t floats) {
    float* const memory = free;
    free += floats;
    return memory;
  };
  T* const keys = operand<T>(take(z.panels()));
  T* const values = operand<T>(take(z.panels()));
  T* const rows_of_keys = operand<T>(take(z.packed(z.keys)));
  float* const dk = take(z.keys * z.width);
  float* const dv = take(z.keys * z.width);
  float* const dq = take(h.group * h.queries * z.width);
  T* const rows_of_queries = operand<T>(take(z.packed(query_block)));
  T* const rows_of_dy = operand<T>(take(z.packed(query_block)));
  float* const p = take(query_block * z.row);
  float* const ds = take(query_block * z.row);
  float* const slopes = take(query_block);
  float* const factors = take(z.row);
  float* const pairs = free;  // of p and ds, half each
  const int64_t strips = h.group * h.queries / most_rows(2);
  NextHeads<T> next(strips * (seen(h, h.queries / 2) / panel * 4 + 2));
  if (h.next != nullptr) {
    next.add(h.next->k, h.k_row, h.keys, z.dim);
    next.add(h.next->v, h.v_row, h.keys, z.dim);
    next.add(h.next->q, h.q_row, h.queries, h.group * z.dim);
    next.add(h.next->y, h.y_row, h.queries, h.group * z.dim);
    next.add(s.next_dy, h.y_row, h.queries, h.group * z.dim);
  }
  clear(dq, h.group * h.queries * z.width);

  const int64_t last = seen(h, h.queries - 1);
  for (int64_t k0 = 0; k0 < last; k0 += z.keys) {
    const int64_t block = smaller(z.keys, last - k0);
    turn_keys(static_cast<const T*>(h.k) + k0 * h.k_row, h.k_row, block, z, keys);
    turn_keys(static_cast<const T*>(h.v) + k0 * h.v_row, h.v_row, block, z, values);
    pack_rows(static_cast<const T*>(h.k) + k0 * h.k_row, h.k_row, block, z, rows_of_keys);
    clear(dk, block * z.width);
    clear(dv, block * z.width);
    for (int64_t g = 0; g < h.group; ++g) {
      const int64_t first = h.causal ? k0 / query_block * query_block : 0;
      for (int64_t q0 = first; q0 < h.queries; q0 += query_block) {
        const int64_t rows = smaller(query_block, h.queries - q0), most = smaller(block, seen(h, q0 + rows - 1) - k0);
        if (most <= 0) continue;
        const T* const queries = static_cast<const T*>(h.q) + q0 * h.q_row + g * z.dim;
        const T* const y = static_cast<const T*>(h.y) + q0 * h.y_row + g * z.dim;
        const T* const dy = static_cast<const T*>(s.dy) + q0 * h.y_row + g * z.dim;
        pack_rows(queries, h.q_row, rows, z, rows_of_queries);
        pack_rows(dy, h.y_row, rows, z, rows_of_dy);
        for (int64_t r = 0; r < rows; ++r) slopes[r] = dot(y + r * h.y_row, dy + r * h.y_row, z.dim);
        for (int64_t row = 0, height = 0; row < rows; row += height) {
          height = next_height(rows - row, 2);
          const int64_t n = smaller(block, seen(h, q0 + row + height - 1) - k0);
          float *const p_strip = p + row * z.row, *const ds_strip = ds + row * z.row;
          if (n > 0) {
            multiply_panels(queries + row * h.q_row, h.q_row, keys, static_cast<int>(height), n, z, p_strip, next);
            multiply_panels(dy + row * h.y_row, h.y_row, values, static_cast<int>(height), n, z, ds_strip, next);
          }
          for (int64_t r = 0; r < height; ++r) {
            const int64_t i = q0 + row + r, seen_here = smaller(n, seen(h, i) - k0),
                          valid = seen_here > 0 ? seen_here : 0;
            if (h.dropout > 0) draw(h, g, i, k0, valid, factors);
            slope_row<T>(p_strip + r * z.row, ds_strip + r * z.row, valid, most, h.scale, h.log_sums[g * h.queries + i],
                         slopes[row + r], h.dropout > 0 ? factors : nullptr);
          }
          if (n > 0) {
            add_product(rows_of<T>(operand<T>(ds_strip), z), Along::depth, static_cast<int>(height), n, rows_of_keys, z,
                        dq + (g * h.queries + q0 + row) * z.width, next);
          }
        }
        const T* const p_pairs = in_pairs(operand<T>(p), rows, most, z, pairs);
        const T* const ds_pairs = in_pairs(operand<T>(ds), rows, most, z, pairs + query_block / 2 * z.row);
        for (int64_t key = 0, height = 0; key < most; key += height) {
          height = next_height(most - key, 2);
          // Rows before this one see none of these keys.
          const int64_t skipped = h.causal && k0 + key > q0 ? (k0 + key - q0) / 2 * 2 : 0;
          add_product(columns_of(p_pairs, skipped, key, z), Along::row, static_cast<int>(height), rows - skipped,
                      rows_of_dy + skipped * z.width, z, dv + key * z.width, next);
          add_product(columns_of(ds_pairs, skipped, key, z), Along::row, static_cast<int>(height), rows - skipped,
                      rows_of_queries + skipped * z.width, z, dk + key * z.width, next);
        }
      }
    }
    put_rows(dk, block, z, h.scale, static_cast<T*>(s.dk) + k0 * h.k_row, h.k_row);
    put_rows(dv, block, z, 1, static_cast<T*>(s.dv) + k0 * h.v_row, h.v_row);
  }
  clear(dk, z.width);
  for (int64_t j = last; j < h.keys; ++j) {
    put_rows(dk, 1, z, 1, static_cast<T*>(s.dk) + j * h.k_row, 0);
    put_rows(dk, 1, z, 1, static_cast<T*>(s.dv) + j * h.v_row, 0);
  }
  for (int64_t g = 0; g < h.group; ++g) {
    put_rows(dq + g * h.queries * z.width, h.queries, z, h.scale, static_cast<T*>(s.dq) + g * z.dim, h.q_row);
  }
}

}  // namespace dl::DL_ISA
