// Between the products of a linear layer with its cross-entropy: the losses of rows of logits, and the gradient of the
// logits in their place.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct CrossEntropyRows {
  float* logits;      // rows of `row` floats, a multiple of 4, of which `classes` are logits, without the bias
  const float* bias;  // [classes], or null
  const int* hits;    // the rows' classes
  const float* d;     // d losses, or null: no gradient
  float* losses;
  int classes;
  long long row;
  float smoothing;
};

struct BiasGradient {
  const void* d;  // gradients of logits, f32 or bf16, rows of `row` elements
  float* d_bias;
  int rows, classes;
  long long row;
  int add;  // 1: d_bias += the sums
};

// Four logits of a row with their bias; -infinity beyond the last.
template <class Thread>
Vector<float, 4> logits_at(const Thread& t, const CrossEntropyRows& p, const float* logits, int column) {
  Vector<float, 4> x = t.template vector<Vector<float, 4>>(logits + column);
  for (int e = 0; e < 4; ++e) {
    if (column + e >= p.classes) {
      x.at[e] = float_of(0xff800000u);
    } else if (p.bias) {
      x.at[e] += p.bias[column + e];
    }
  }
  return x;
}

// exp(x) of the sum so far and of x, as a part of exp(most), where most is the larger of all.
inline void add_exp(float& most, float& sum, float x_most, float x_sum) {
  if (x_most == float_of(0xff800000u)) return;  // nothing: distances to it are NaN
  const float both = larger(most, x_most);
  sum = sum * expf(most - both) + x_sum * expf(x_most - both);
  most = both;
}

// A block a row, blocks of whole warps, shared memory for 96 floats. Gradients are written over the logits, as T: with
// bf16 they fill the first half of the row, so that all threads have read what they are written over.
template <class T, class Thread>
void cross_entropy_rows(const Thread& t, const CrossEntropyRows& p) {
  float* logits = p.logits + t.block() * p.row;
  const int step = t.count() * 4, hit = p.hits[t.block()];
  const bool there = hit >= 0 && hit < p.classes;
  const float at_hit = there ? logits[hit] + (p.bias ? p.bias[hit] : 0.0f) : 0.0f;
  float most = float_of(0xff800000u), exp_sum = 0, sum = 0;
  for (int column = t.index() * 4; column < p.classes; column += step) {
    const Vector<float, 4> x = logits_at(t, p, logits, column);
    const float four = larger(larger(x.at[0], x.at[1]), larger(x.at[2], x.at[3]));
    float exps = 0;
    for (int e = 0; e < 4; ++e) {
      exps += expf(x.at[e] - four);
      if (column + e < p.classes) sum += x.at[e];
    }
    add_exp(most, exp_sum, four, exps);
  }
  const float row_most = block_max(t, most);
  const float row_exps = block_sum(t, most == row_most ? exp_sum : exp_sum * expf(most - row_most), 32);
  const float log_sum = row_most + logf(row_exps);
  const float mean = p.smoothing > 0 ? block_sum(t, sum, 64) / static_cast<float>(p.classes) : 0.0f;
  if (t.index() == 0) p.losses[t.block()] = log_sum - (there ? (1 - p.smoothing) * at_hit : 0.0f) - p.smoothing * mean;
  if (!p.d) return;
  const float d = p.d[t.block()], less = p.smoothing / static_cast<float>(p.classes);
  T* to = reinterpret_cast<T*>(logits);
  for (int first = 0; first < p.classes; first += step) {
    const int column = first + t.index() * 4;
    Vector<T, 4> made{};
    if (column < p.classes) {
      const Vector<float, 4> x = logits_at(t, p, logits, column);
      for (int e = 0; e < 4; ++e) {
        const float hit_here = there && column + e == hit ? 1 - p.smoothing : 0.0f;
        made.at[e] = number<T>(d * (expf(x.at[e] - log_sum) - hit_here - less));
      }
    }
    if constexpr (sizeof(T) < 4) t.sync();
    if (column < p.classes) t.put_vector(to + column, made);
  }
}

// The sums over all rows, added in a fixed order: a block makes 128 columns, a warp each 8th row. 256 threads, shared
// memory for 1024 floats.
template <class T, class Thread>
void bias_gradient(const Thread& t, const BiasGradient& p) {
  const int lane_column = t.lane() * 4, column = t.block() * 128 + lane_column;
  const T* d = static_cast<const T*>(p.d);
  auto parts = t.template shared<float>();
  float sum[4] = {};
  if (column < p.classes) {
    for (int row = t.warp(); row < p.rows; row += 8) {
      const auto x = t.template vector<Vector<T, 4>>(d + row * p.row + column);
      for (int e = 0; e < 4; ++e) sum[e] += to_float(x.at[e]);
    }
  }
  for (int e = 0; e < 4; ++e) parts[t.warp() * 128 + e * 32 + t.lane()] = sum[e];
  t.sync();
  if (t.index() >= 128) return;
  const int mine = t.block() * 128 + t.index();
  if (mine >= p.classes) return;
  float all = p.add ? p.d_bias[mine] : 0.0f;
  for (int warp = 0; warp < 8; ++warp) all += parts[warp * 128 + t.index() % 4 * 32 + t.index() / 4];
  p.d_bias[mine] = all;
}

}  // namespace dl::cuda
