// Attention forward: a block of keys after another, with the largest score and the sum of each row carried on.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/attention_blocks.h"

namespace dl::DL_ISA {

DL_INLINE float lane_max(vf x) {
  return join_lanes(
      x, [](vf a, vf b) __attribute__((always_inline)) { return larger(a, b); });
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
                                      float* total, float* sums, HeadsAhead<T>& ahead) {
  const auto valid_of = [&](int64_t r) { return smaller(n, seen(h, i0 + r) - k0); };
  // Of all rows first: a row's exponentials wait for its largest score, the next row's search does not.
  float largest[most_rows(2)];
  for (int64_t r = 0; r < height; ++r) largest[r] = largest_of(scores + r * z.row, valid_of(r), h.scale, most[r]);
  for (int64_t r = 0; r < height; ++r, scores += z.row, sums += z.width) {
    ahead.fetch_part();
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
  HeadsAhead<T> ahead(all / most_rows(2) * (seen(h, begin + rows / 2) / panel + 2) + all, h.next != nullptr ? 4 : 1);
  ahead.add(static_cast<const T*>(h.y) + begin * h.y_row, h.y_row, rows, h.group * z.dim);
  if (h.next != nullptr) {
    ahead.add(h.next->k, h.k_row, h.keys, z.dim);
    ahead.add(h.next->v, h.v_row, h.keys, z.dim);
    ahead.add(static_cast<const T*>(h.next->q) + begin * h.q_row, h.q_row, rows, h.group * z.dim);
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
        multiply_panels(queries + row * h.q_row, h.q_row, keys, static_cast<int>(height), n, z, scores, ahead);
        soften<T>(h, g, begin + row, height, k0, n, z, scores, factors, most + at, total + at, sums + at * z.width,
                  ahead);
        add_product(rows_of<T>(operand<T>(scores), z), Along::depth, static_cast<int>(height), n, values, z,
                    sums + at * z.width, ahead);
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

}  // namespace dl::DL_ISA
