// Cross-entropy over many classes, alone and with the linear layer before it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// log(sum(exp(x))) of one row, x given by class.
template <class X>
double log_sum(int64_t classes, X x) {
  double largest = x(0), sum = 0;
  for (int64_t c = 1; c < classes; ++c) largest = std::max(largest, x(c));
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(x(c) - largest);
  return largest + std::log(sum);
}

template <class X>
double row_loss(int64_t classes, int32_t hit, double smoothing, double log_sum, X x) {
  double mean = 0;
  for (int64_t c = 0; smoothing > 0 && c < classes; ++c) mean += x(c) / static_cast<double>(classes);
  return log_sum - (hit >= 0 && hit < classes ? (1 - smoothing) * x(hit) : 0) - smoothing * mean;
}

double slope(int64_t classes, int64_t c, int32_t hit, double smoothing, double log_sum, double x) {
  return std::exp(x - log_sum) - (c == hit ? 1 - smoothing : 0) - smoothing / static_cast<double>(classes);
}

Run cross_entropy_kernel(const Op& op, Types in, Types) {
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return [=, smoothing = static_cast<const CrossEntropy&>(op).smoothing](Buffers given, Buffers made) {
    const int32_t* hits = static_cast<const int32_t*>(given[1]);
    for (int64_t r = 0; r < rows; ++r) {
      const auto x = [&](int64_t c) { return double{f32(given, 0)[r * classes + c]}; };
      const double log_of_sum = log_sum(classes, x);
      f32(made, 0)[r] = static_cast<float>(row_loss(classes, hits[r], smoothing, log_of_sum, x));
      f32(made, 1)[r] = static_cast<float>(log_of_sum);
    }
  };
}

Run cross_entropy_grad_kernel(const Op& op, Types in, Types) {
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return [=, smoothing = static_cast<const CrossEntropyGrad&>(op).smoothing](Buffers given, Buffers made) {
    const int32_t* hits = static_cast<const int32_t*>(given[1]);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < classes; ++c) {
        const double x = f32(given, 0)[r * classes + c], d = f32(given, 3)[r];
        f32(made, 0)[r * classes + c] =
            static_cast<float>(d * slope(classes, c, hits[r], smoothing, f32(given, 2)[r], x));
      }
    }
  };
}

Run linear_cross_entropy_kernel(const Op& op, Types in, Types) {
  const auto& joined = static_cast<const LinearCrossEntropy&>(op);
  const double smoothing = joined.smoothing;
  const bool with_bias = joined.with_bias, with_gradient = joined.with_gradient;
  const int64_t rows = in[0].shape[0], features = in[0].shape[1], classes = in[1].shape[0];
  return [=, type = in[0].dtype](Buffers given, Buffers made) {
    const auto x = [&](int64_t i) { return double{element(given[0], type, i)}; };
    const auto weight = [&](int64_t i) { return double{element(given[1], type, i)}; };
    const float* bias = with_bias ? f32(given, 3) : nullptr;
    const int32_t* hits = static_cast<const int32_t*>(given[2]);
    if (with_gradient) {
      std::fill_n(f32(made, 1), rows * features, 0.0f);
      std::fill_n(f32(made, 2), classes * features, 0.0f);
      if (bias) std::fill_n(f32(made, 3), classes, 0.0f);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const auto logit = [&](int64_t c) {
        double sum = bias ? bias[c] : 0;
        for (int64_t i = 0; i < features; ++i) sum += x(r * features + i) * weight(c * features + i);
        return sum;
      };
      const double log_of_sum = log_sum(classes, logit);
      f32(made, 0)[r] = static_cast<float>(row_loss(classes, hits[r], smoothing, log_of_sum, logit));
      if (!with_gradient) continue;
      for (int64_t c = 0; c < classes; ++c) {
        const double d =
            double{f32(given, with_bias ? 4 : 3)[r]} * slope(classes, c, hits[r], smoothing, log_of_sum, logit(c));
        for (int64_t i = 0; i < features; ++i) {
          f32(made, 1)[r * features + i] += static_cast<float>(d * weight(c * features + i));
          f32(made, 2)[c * features + i] += static_cast<float>(d * x(r * features + i));
        }
        if (bias) f32(made, 3)[c] += static_cast<float>(d);
      }
    }
  };
}

DL_REFERENCE_KERNEL("cross_entropy", cross_entropy_kernel);
DL_REFERENCE_KERNEL("cross_entropy_grad", cross_entropy_grad_kernel);
DL_REFERENCE_KERNEL("linear_cross_entropy", linear_cross_entropy_kernel);

}  // namespace

}  // namespace dl::reference
