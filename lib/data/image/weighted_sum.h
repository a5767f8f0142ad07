// Rows of an image added up by their weights: what resizing and blurring are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/data/image/vectorized.h"

namespace dl {

template <int count, class T>
DL_INLINED inline void add_rows(const T* __restrict__ from, int64_t stride, const float* weights, int64_t values,
                                float* __restrict__ sums) {
  for (int64_t i = 0; i < values; ++i) {
    float sum = sums[i];
    for (int t = 0; t < count; ++t) sum += weights[t] * static_cast<float>(from[t * stride + i]);
    sums[i] = sum;
  }
}

// sums[i] += weights[0] from[i] + weights[1] from[stride + i] + …, for `values` of i and `count` weights.
template <class T>
DL_INLINED inline void add_weighted(const T* from, int64_t stride, const float* weights, int64_t count, int64_t values,
                                    float* sums) {
  int64_t t = 0;
  for (; t + 4 <= count; t += 4) add_rows<4>(from + t * stride, stride, weights + t, values, sums);
  for (; t + 2 <= count; t += 2) add_rows<2>(from + t * stride, stride, weights + t, values, sums);
  if (t < count) add_rows<1>(from + t * stride, stride, weights + t, values, sums);
}

}  // namespace dl
