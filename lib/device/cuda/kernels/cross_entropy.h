// Cross-entropy of rows of logits, a block a row: one pass over it forward, one backward.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct LogitRows {
  static constexpr int threads = 256;
  static constexpr int shared_bytes = 3 * 32 * 4;
  const float* logits;  // [rows, classes]
  const int* hits;      // [rows]
  float *losses, *log_sums;
  const float *given_log_sums, *d;  // backward
  float* dx;
  long long rows, classes;
  float smoothing;
  IndexDivisor pieces;  // backward: blocks that share a row
};

using Four = Vector<float, 4>;

// Of n floats from x on, how many come before the first whose address is a multiple of 16.
inline long long before_aligned(const float* x, long long n) {
  const long long before = static_cast<long long>(-(reinterpret_cast<unsigned long long>(x) / 4) & 3);
  return before < n ? before : n;
}

// log(sum(exp(x))) of several numbers, as the largest and the sum of the exponentials of the distances to it.
struct ExpSum {
  float largest = -3.4028234e38f, sum = 0;
  template <int n>
  void add(const float (&x)[n]) {
    float most = largest;
    for (float v : x) most = larger(most, v);
    float more = 0;
    for (float v : x) more += expf(v - most);
    sum = sum * expf(largest - most) + more;
    largest = most;
  }
};

template <class Thread>
ExpSum block_exp_sum(const Thread& t, const ExpSum& own) {
  ExpSum all;
  all.largest = block_max(t, own.largest);
  all.sum = block_sum(t, own.sum * expf(own.largest - all.largest), 32);
  return all;
}

template <class Thread>
void logit_rows_losses(const Thread& t, const LogitRows& p) {
  constexpr int ahead = 4;
  for (long long row = t.block(); row < p.rows; row += t.blocks()) {
    const float* const x = p.logits + row * p.classes;
    ExpSum own;
    float sum = 0;
    const auto add_one = [&](long long i) {
      const float one[1] = {x[i]};
      own.add(one);
      sum += one[0];
    };
    const long long before = before_aligned(x, p.classes), vectors = (p.classes - before) / 4;
    if (t.index() < before) add_one(t.index());
    for (long long i = t.index(); i < vectors; i += ahead * t.count()) {
      Four v[ahead];
      for (int k = 0; k < ahead; ++k)
        if (i + k * t.count() < vectors) v[k] = t.template vector<Four>(x + before + (i + k * t.count()) * 4);
      for (int k = 0; k < ahead; ++k) {
        if (i + k * t.count() >= vectors) continue;
        own.add(v[k].at);
        sum += (v[k].at[0] + v[k].at[1]) + (v[k].at[2] + v[k].at[3]);
      }
    }
    if (t.index() < p.classes - before - vectors * 4) add_one(before + vectors * 4 + t.index());
    const ExpSum all = block_exp_sum(t, own);
    const float mean = block_sum(t, sum, 64) / static_cast<float>(p.classes);
    if (t.index() != 0) continue;
    const float log_sum = all.largest + logf(all.sum);
    const int hit = p.hits[row];
    p.log_sums[row] = log_sum;
    p.losses[row] = log_sum - (hit >= 0 && hit < p.classes ? (1 - p.smoothing) * x[hit] : 0.0f) -
                    (p.smoothing > 0 ? p.smoothing * mean : 0.0f);
  }
}

// dx may be the logits' memory.
template <class Thread>
void logit_rows_gradient(const Thread& t, const LogitRows& p) {
  for (long long work = t.block(); work < p.rows * p.pieces.by; work += t.blocks()) {
    const long long row = quotient(work, p.pieces), piece = work - row * p.pieces.by, at = row * p.classes;
    const float* const x = p.logits + at;
    float* const y = p.dx + at;
    const float log_sum = p.given_log_sums[row], d = p.d[row];
    const float others = d * p.smoothing / static_cast<float>(p.classes), of_hit = (1 - p.smoothing) * d;
    const int hit = p.hits[row];
    const auto slope = [&](float logit, long long i) {
      const float all = expf(logit - log_sum) * d - others;
      return i == hit ? all - of_hit : all;
    };
    const bool together = before_aligned(x, 4) == before_aligned(y, 4);
    const long long before = together ? before_aligned(x, p.classes) : p.classes;
    const long long vectors = (p.classes - before) / 4, step = p.pieces.by * t.count();
    const long long mine = piece * t.count() + t.index();
    for (long long i = mine; i < before; i += step) y[i] = slope(x[i], i);
    for (long long i = mine; i < vectors; i += step) {
      const long long first = before + i * 4;
      Four v = t.template vector<Four>(x + first);
      for (int k = 0; k < 4; ++k) v.at[k] = slope(v.at[k], first + k);
      t.put_vector(y + first, v);
    }
    const long long rest = before + vectors * 4 + mine;
    if (rest < p.classes) y[rest] = slope(x[rest], rest);
  }
}

}  // namespace dl::cuda
