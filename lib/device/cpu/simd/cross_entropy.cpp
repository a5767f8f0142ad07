// Softmax and cross-entropy, vectors over the classes of a row or over the rows of a block.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/cross_entropy.h"

#include "lib/device/cpu/simd/loop_math.h"

namespace dl::DL_ISA {
namespace {

void row(const float* x, int64_t n, float* largest, float* exp_sum, float* sum) {
  const float first = x[0];
  vf top = splat(first);
  each_vector(
      n, [&](int64_t i, int count) __attribute__((always_inline)) {
        const vf v = load_some(x + i, count);
        top = maximum(top, count == lanes ? v : select(lane_index() < count, v, splat(first)));
      });
  float most = top[0];
  for (int i = 1; i < lanes; ++i) most = top[i] > most || top[i] != top[i] ? top[i] : most;
  vf exps{}, all{};
  each_vector(
      n, [&](int64_t i, int count) __attribute__((always_inline)) {
        const vf v = load_some(x + i, count), e = exp(v - most);
        exps += count == lanes ? e : select(lane_index() < count, e, vf{});
        all += v;
      });
  *largest = most;
  *exp_sum = lane_sum(exps);
  *sum = lane_sum(all);
}

void row_grad(const float* x, int64_t n, float log_sum, float d, float less, float* y) {
  each_vector(
      n, [&](int64_t i, int count) __attribute__((always_inline)) {
        store_some(y + i, exp(load_some(x + i, count) - log_sum) * d - less, count);
      });
}

void block(float* x, int64_t stride, int64_t classes, int64_t rows, const float* bias, float* largest, float* exp_sum,
           float* sum) {
  each_vector(
      rows, [&](int64_t r, int count) __attribute__((always_inline)) {
        vf top = splat(-infinity), all{};
        for (int64_t c = 0; c < classes; ++c) {
          vf v = load_some(x + c * stride + r, count);
          if (bias != nullptr) {
            v += bias[c];
            store_some(x + c * stride + r, v, count);
          }
          all += v;
          top = maximum(top, v);
        }
        vf exps{};
        for (int64_t c = 0; c < classes; ++c) {
          const vf e = exp(load_some(x + c * stride + r, count) - top);
          store_some(x + c * stride + r, e, count);
          exps += e;
        }
        store_some(largest + r, top, count);
        store_some(exp_sum + r, exps, count);
        store_some(sum + r, all, count);
      });
}

void block_grad(float* x, int64_t stride, int64_t classes, int64_t rows, const float* scale, const float* less,
                float* d_bias, bool more) {
  for (int64_t c = 0; c < classes; ++c) {
    vf sum{};
    each_vector(
        rows, [&](int64_t r, int count) __attribute__((always_inline)) {
          float* at = x + c * stride + r;
          const vf d = load_some(at, count) * load_some(scale + r, count) - load_some(less + r, count);
          store_some(at, d, count);
          sum += d;
        });
    d_bias[c] = lane_sum(sum) + (more ? d_bias[c] : 0.0f);
  }
}

void rescale(float* scale, const float* largest, const float* log_sum, int64_t rows) {
  each_vector(
      rows, [&](int64_t r, int count) __attribute__((always_inline)) {
        const vf factor = exp(load_some(largest + r, count) - load_some(log_sum + r, count));
        store_some(scale + r, load_some(scale + r, count) * factor, count);
      });
}

}  // namespace

const CrossEntropyKernels cross_entropy_kernels = {row, row_grad, block, block_grad, rescale};

}  // namespace dl::DL_ISA
