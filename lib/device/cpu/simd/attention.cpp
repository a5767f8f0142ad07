// Products by register tiles, and what lies between them a row at a time. Queries are multiplied by the scale when they
// are copied. Where attention is causal, each strip of rows is multiplied only with the keys that its last row sees.
#include "lib/device/cpu/simd/attention.h"

#include "lib/device/cpu/simd/bf16.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/loop_math.h"
#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {
namespace {

constexpr int64_t panel = 2 * lanes;               // keys of a panel
constexpr int64_t block_floats = 16 * 1024;        // of a block of keys: with its companions half the second cache
constexpr int64_t most_keys = 512;                 // of a block
constexpr int64_t query_block = 4 * most_rows(2);  // of backward

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

DL_INLINE vf load_values(const float* p, int n) { return n == lanes ? load(p) : load_first(p, n); }
DL_INLINE vf load_values(const uint16_t* p, int n) { return n == lanes ? load_bf16(p) : load_bf16_first(p, n); }
DL_INLINE void store_values(float* p, vf x, int n) { n == lanes ? store(p, x) : store_first(p, x, n); }
DL_INLINE void store_values(uint16_t* p, vf x, int n) { n == lanes ? store_bf16(p, x) : store_bf16_first(p, x, n); }

// f(i, count) for each vector of n elements.
template <class F>
DL_INLINE void each_vector(int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(i, lanes);
  if (i < n) f(i, static_cast<int>(n - i));
}

DL_INLINE void clear(float* x, int64_t n) {
  each_vector(n, [=](int64_t i, int count) { store_values(x + i, vf{}, count); });
}

// The sizes of a block, the same for every block of these heads.
struct Sizes {
  explicit Sizes(const AttentionHeads& h) : dim(h.head_dim), width(round_up(h.head_dim, lanes)) {
    const int64_t fit = block_floats / width / panel * panel;
    keys = least(least(fit < panel ? panel : fit, most_keys), round_up(h.keys, panel));
    row = keys + lanes;  // so that the rows of a column fall into different sets of the cache
  }
  int64_t dim, width;  // of a position, without and with padding
  int64_t keys;        // of a block
  int64_t row;         // of scores
};

// rows of `dim` elements become neighbours of `width` floats, times a factor, padded with 0.
template <class T>
void copy_rows(const T* from, int64_t from_row, int64_t rows, const Sizes& z, float factor, float* to) {
  for (int64_t r = 0; r < rows; ++r, from += from_row, to += z.width) {
    each_vector(z.dim, [&](int64_t i, int count) { store(to + i, load_values(from + i, count) * factor); });
  }
}

template <class T>
void put_rows(const float* from, int64_t rows, const Sizes& z, float factor, T* to, int64_t to_row) {
  for (int64_t r = 0; r < rows; ++r, from += z.width, to += to_row) {
    each_vector(z.dim, [&](int64_t i, int count) { store_values(to + i, load(from + i) * factor, count); });
  }
}

// rows of `width` floats become panels [dim][panel] of keys, the last padded with 0.
void turn(const float* rows, int64_t count, const Sizes& z, float* panels) {
  for (int64_t first = 0; first < count; first += lanes) {
    float* to = panels + first / panel * panel * z.dim + first % panel;
    const int here = static_cast<int>(least(lanes, count - first));
    turn_rows(rows + first * z.width, z.width, here, z.dim, [=](int64_t d, vf x) { store(to + d * panel, x); });
  }
  if ((count + lanes - 1) / lanes % 2 != 0) {
    float* to = panels + count / panel * panel * z.dim + lanes;
    for (int64_t d = 0; d < z.dim; ++d) store(to + d * panel, vf{});
  }
}

// How many keys query i sees.
DL_INLINE int64_t seen(const AttentionHeads& h, int64_t i) { return h.causal ? least(i + 1, h.visible) : h.visible; }

// C[rows, n] = A[rows, dim] B, B in panels; C's rows are Sizes::row apart.
void multiply_panels(const float* a, const float* panels, int rows, int64_t n, const Sizes& z, float* c) {
  Tile t;
  t.a = a;
  t.a_row = z.width;
  t.depth = z.dim;
  t.b_depth = panel;
  t.c_row = z.row;
  t.last = lanes;
  for (int64_t j = 0; j < n; j += panel) {
    t.b = panels + j * z.dim;
    t.c = c + j;
    run_tile(t, Along::depth, rows, n - j > lanes ? 2 : 1);
  }
}

// C[rows, width] += A[rows, depth] B[depth, width]; A is read along its depth or, transposed, along its rows.
void add_product(const float* a, Along along, int rows, int64_t depth, const float* b, const Sizes& z, float* c) {
  Tile t;
  t.a_row = along == Along::depth ? z.row : 1;
  t.a_depth = along == Along::depth ? 1 : z.row;
  t.a = a;
  t.depth = depth;
  t.b_depth = z.width;
  t.c_row = z.width;
  t.last = lanes;
  t.accumulate = true;
  int vectors = 0;
  for (int64_t j = 0; j < z.width; j += int64_t{vectors} * lanes) {
    vectors = z.width - j > lanes ? 2 : 1;
    t.b = b + j;
    t.c = c + j;
    run_tile(t, along, rows, vectors);
  }
}

DL_INLINE float lane_max(vf x) {
  return join_lanes(
      x, [](vf a, vf b) __attribute__((always_inline)) { return larger(a, b); });
}

DL_INLINE vf only_first(vf x, vf rest, int count) { return count == lanes ? x : select(lane_index() < count, x, rest); }

// Factors 0 or 1 / (1 - dropout) of n probabilities from key `first` on.
void draw(const AttentionHeads& h, int64_t g, int64_t i, int64_t first, int64_t n, float* factors) {
  const int64_t index = h.first_random + (g * h.queries + i) * h.keys + first;
  loop_fills.random(factors, h.key, h.step, index, n);
  const vf share = splat(1 / (1 - h.dropout));
  each_vector(n, [=](int64_t j, int count) {
    store_values(factors + j, select(load_values(factors + j, count) < splat(h.dropout), vf{}, share), count);
  });
}

// Scores of one row become exp(score - most), with most and total carried on; what was summed up before shrinks.
void soften(float* scores, int64_t valid, int64_t n, float& most, float& total, float* sums, int64_t width) {
  vf largest = splat(most);
  each_vector(valid, [&](int64_t j, int count) {
    largest = larger(only_first(load(scores + j), splat(-infinity), count), largest);
  });
  const float now = lane_max(largest);
  vf sum{};
  each_vector(valid, [&](int64_t j, int count) {
    const vf e = only_first(exp(load(scores + j) - now), vf{}, count);
    sum += e;
    store(scores + j, e);
  });
  for (int64_t j = round_up(valid, lanes); j < n; j += lanes) store(scores + j, vf{});
  if (most != now && most > -infinity) {
    const float shrink = exp(splat(most - now))[0];
    total *= shrink;
    for (int64_t d = 0; d < width; d += lanes) store(sums + d, load(sums + d) * shrink);
  }
  most = now;
  total += lane_sum(sum);
}

int64_t forward_floats(const AttentionHeads& h, int64_t queries) {
  const Sizes z(h);
  return round_up(z.keys * (2 * z.width + z.dim) + 2 * h.group * queries * (z.width + 1) + (most_rows(2) + 1) * z.row,
                  lanes);
}

template <class T>
void forward_of(const AttentionHeads& h, int64_t begin, int64_t end, float* workspace) {
  const Sizes z(h);
  const int64_t rows = end - begin, all = h.group * rows;
  float* const rows_of_keys = workspace;
  float* const keys = rows_of_keys + z.keys * z.width;
  float* const values = keys + z.keys * z.dim;
  float* const queries = values + z.keys * z.width;
  float* const sums = queries + all * z.width;
  float* const scores = sums + all * z.width;
  float* const factors = scores + most_rows(2) * z.row;
  float* const most = factors + z.row;
  float* const total = most + all;
  for (int64_t g = 0; g < h.group; ++g) {
    copy_rows(static_cast<const T*>(h.q) + begin * h.q_row + g * z.dim, h.q_row, rows, z, h.scale,
              queries + g * rows * z.width);
  }
  clear(sums, all * z.width);
  for (int64_t r = 0; r < all; ++r) most[r] = -infinity, total[r] = 0;

  for (int64_t k0 = 0, last = seen(h, end - 1); k0 < last; k0 += z.keys) {
    const int64_t block = least(z.keys, last - k0);
    copy_rows(static_cast<const T*>(h.k) + k0 * h.k_row, h.k_row, block, z, 1, rows_of_keys);
    turn(rows_of_keys, block, z, keys);
    copy_rows(static_cast<const T*>(h.v) + k0 * h.v_row, h.v_row, block, z, 1, values);
    for (int64_t g = 0; g < h.group; ++g) {
      for (int64_t row = 0, height = 0; row < rows; row += height) {
        height = next_height(rows - row, 2);
        const int64_t n = least(block, seen(h, begin + row + height - 1) - k0), at = g * rows + row;
        if (n <= 0) continue;
        multiply_panels(queries + at * z.width, keys, static_cast<int>(height), n, z, scores);
        for (int64_t r = 0; r < height; ++r) {
          const int64_t i = begin + row + r, valid = least(n, seen(h, i) - k0);
          float* const p = scores + r * z.row;
          if (valid <= 0) {
            clear(p, n);
            continue;
          }
          soften(p, valid, n, most[at + r], total[at + r], sums + (at + r) * z.width, z.width);
          if (h.dropout > 0) {
            draw(h, g, i, k0, valid, factors);
            each_vector(valid, [=](int64_t j, int count) {
              store_values(p + j, load_values(p + j, count) * load_values(factors + j, count), count);
            });
          }
        }
        add_product(scores, Along::depth, static_cast<int>(height), n, values, z, sums + at * z.width);
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
      const vf sum = load_values(most + g * rows + r, count) + log(load_values(total + g * rows + r, count));
      store_values(h.log_sums + g * h.queries + begin + r, sum, count);
    });
  }
}

int64_t backward_floats(const AttentionHeads& h) {
  const Sizes z(h);
  return round_up(z.keys * (2 * z.dim + 4 * z.width) + h.group * h.queries * z.width +
                      query_block * (2 * z.width + 2 * z.row + 1) + z.row,
                  lanes);
}

// One row of probabilities and of the slopes of their scores, from scores and the slopes of the probabilities.
void slope_row(float* p, float* ds, int64_t valid, int64_t n, float log_sum, float slope, const float* factors) {
  each_vector(valid, [=](int64_t j, int count) {
    const vf e = exp(load(p + j) - log_sum);
    const vf kept = factors != nullptr ? load_values(factors + j, count) : splat(1);
    store(ds + j, only_first(e * (load(ds + j) * kept - slope), vf{}, count));
    store(p + j, only_first(e * kept, vf{}, count));
  });
  for (int64_t j = round_up(valid, lanes); j < n; j += lanes) {
    store(p + j, vf{});
    store(ds + j, vf{});
  }
}

template <class T>
float dot(const T* a, const T* b, int64_t n) {
  vf sum{};
  each_vector(n, [&](int64_t i, int count) { sum += load_values(a + i, count) * load_values(b + i, count); });
  return lane_sum(sum);
}

template <class T>
void backward_of(const AttentionHeads& h, const AttentionSlopes& s, float* workspace) {
  const Sizes z(h);
  float* const keys = workspace;
  float* const values = keys + z.keys * z.dim;
  float* const rows_of_keys = values + z.keys * z.dim;
  float* const rows_of_values = rows_of_keys + z.keys * z.width;
  float* const dk = rows_of_values + z.keys * z.width;
  float* const dv = dk + z.keys * z.width;
  float* const dq = dv + z.keys * z.width;
  float* const queries = dq + h.group * h.queries * z.width;
  float* const dy = queries + query_block * z.width;
  float* const p = dy + query_block * z.width;
  float* const ds = p + query_block * z.row;
  float* const slopes = ds + query_block * z.row;
  float* const factors = slopes + query_block;
  clear(dq, h.group * h.queries * z.width);

  const int64_t last = seen(h, h.queries - 1);
  for (int64_t k0 = 0; k0 < last; k0 += z.keys) {
    const int64_t block = least(z.keys, last - k0);
    copy_rows(static_cast<const T*>(h.k) + k0 * h.k_row, h.k_row, block, z, 1, rows_of_keys);
    copy_rows(static_cast<const T*>(h.v) + k0 * h.v_row, h.v_row, block, z, 1, rows_of_values);
    turn(rows_of_keys, block, z, keys);
    turn(rows_of_values, block, z, values);
    clear(dk, block * z.width);
    clear(dv, block * z.width);
    for (int64_t g = 0; g < h.group; ++g) {
      const int64_t first = h.causal ? k0 / query_block * query_block : 0;
      for (int64_t q0 = first; q0 < h.queries; q0 += query_block) {
        const int64_t rows = least(query_block, h.queries - q0), most = least(block, seen(h, q0 + rows - 1) - k0);
        if (most <= 0) continue;
        const T* const y_from = static_cast<const T*>(h.y) + q0 * h.y_row + g * z.dim;
        const T* const dy_from = static_cast<const T*>(s.dy) + q0 * h.y_row + g * z.dim;
        copy_rows(static_cast<const T*>(h.q) + q0 * h.q_row + g * z.dim, h.q_row, rows, z, h.scale, queries);
        copy_rows(dy_from, h.y_row, rows, z, 1, dy);
        for (int64_t r = 0; r < rows; ++r) slopes[r] = dot(y_from + r * h.y_row, dy_from + r * h.y_row, z.dim);
        for (int64_t row = 0, height = 0; row < rows; row += height) {
          height = next_height(rows - row, 2);
          const int64_t n = least(block, seen(h, q0 + row + height - 1) - k0);
          float *const p_strip = p + row * z.row, *const ds_strip = ds + row * z.row;
          if (n > 0) {
            multiply_panels(queries + row * z.width, keys, static_cast<int>(height), n, z, p_strip);
            multiply_panels(dy + row * z.width, values, static_cast<int>(height), n, z, ds_strip);
          }
          for (int64_t r = 0; r < height; ++r) {
            const int64_t i = q0 + row + r, seen_here = least(n, seen(h, i) - k0),
                          valid = seen_here > 0 ? seen_here : 0;
            if (h.dropout > 0) draw(h, g, i, k0, valid, factors);
            slope_row(p_strip + r * z.row, ds_strip + r * z.row, valid, most, h.log_sums[g * h.queries + i],
                      slopes[row + r], h.dropout > 0 ? factors : nullptr);
          }
          if (n > 0) {
            add_product(ds_strip, Along::depth, static_cast<int>(height), n, rows_of_keys, z,
                        dq + (g * h.queries + q0 + row) * z.width);
          }
        }
        for (int64_t key = 0, height = 0; key < most; key += height) {
          height = next_height(most - key, 2);
          // Rows before this one see none of these keys.
          const int64_t skipped = h.causal && k0 + key > q0 ? k0 + key - q0 : 0;
          const int64_t at = skipped * z.row + key;
          add_product(p + at, Along::row, static_cast<int>(height), rows - skipped, dy + skipped * z.width, z,
                      dv + key * z.width);
          add_product(ds + at, Along::row, static_cast<int>(height), rows - skipped, queries + skipped * z.width, z,
                      dk + key * z.width);
        }
      }
    }
    put_rows(dk, block, z, 1, static_cast<T*>(s.dk) + k0 * h.k_row, h.k_row);
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

void forward(const AttentionHeads& h, int64_t begin, int64_t end, float* workspace) {
  h.bf16 ? forward_of<uint16_t>(h, begin, end, workspace) : forward_of<float>(h, begin, end, workspace);
}

void backward(const AttentionHeads& h, const AttentionSlopes& s, float* workspace) {
  h.bf16 ? backward_of<uint16_t>(h, s, workspace) : backward_of<float>(h, s, workspace);
}

}  // namespace

const AttentionKernels attention_kernels = {forward_floats, backward_floats, forward, backward};

}  // namespace dl::DL_ISA
