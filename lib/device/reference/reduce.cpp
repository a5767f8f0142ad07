// Sums, maxima and moments over axes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// Element j of those that make result element i lies at result(i) + reduced(j).
struct Groups {
  Groups(const Shape& x, const std::vector<int>& axes)
      : result(dl::reduced(x, axes), row_major(x)), reduced(only(x, axes), row_major(x)) {}
  static Shape only(Shape x, const std::vector<int>& axes) {
    for (int axis = 0; axis < x.rank(); ++axis) {
      if (std::find(axes.begin(), axes.end(), axis) == axes.end()) x[axis] = 1;
    }
    return x;
  }
  const Layout result, reduced;
};

Run reduce_sum_kernel(const Op& op, Types in, Types) {
  const Groups groups(in[0].shape, static_cast<const Reduce&>(op).axes);
  return [groups, type = in[0].dtype](Buffers x, Buffers y) {
    for (int64_t i = 0; i < groups.result.elements(); ++i) {
      double sum = 0;
      for (int64_t j = 0; j < groups.reduced.elements(); ++j) {
        sum += element(x[0], type, groups.result(i) + groups.reduced(j));
      }
      f32(y, 0)[i] = static_cast<float>(sum);
    }
  };
}

Run reduce_max_kernel(const Op& op, Types in, Types) {
  const Groups groups(in[0].shape, static_cast<const Reduce&>(op).axes);
  return [groups, type = in[0].dtype](Buffers x, Buffers y) {
    for (int64_t i = 0; i < groups.result.elements(); ++i) {
      float largest = -std::numeric_limits<float>::infinity();
      for (int64_t j = 0; j < groups.reduced.elements(); ++j) {
        const float value = element(x[0], type, groups.result(i) + groups.reduced(j));
        if (value > largest || std::isnan(value)) largest = value;
      }
      f32(y, 0)[i] = largest;
    }
  };
}

Run moments_kernel(const Op& op, Types in, Types) {
  const Groups groups(in[0].shape, static_cast<const MomentsOp&>(op).axes);
  return [groups, type = in[0].dtype](Buffers x, Buffers y) {
    const int64_t n = groups.reduced.elements();
    for (int64_t i = 0; i < groups.result.elements(); ++i) {
      double sum = 0, squares = 0;
      for (int64_t j = 0; j < n; ++j) sum += element(x[0], type, groups.result(i) + groups.reduced(j));
      const double mean = sum / static_cast<double>(n);
      for (int64_t j = 0; j < n; ++j) {
        const double d = element(x[0], type, groups.result(i) + groups.reduced(j)) - mean;
        squares += d * d;
      }
      f32(y, 0)[i] = static_cast<float>(mean);
      f32(y, 1)[i] = static_cast<float>(squares / static_cast<double>(n));
    }
  };
}

DL_REFERENCE_KERNEL("reduce_sum", reduce_sum_kernel);
DL_REFERENCE_KERNEL("reduce_max", reduce_max_kernel);
DL_REFERENCE_KERNEL("moments", moments_kernel);

}  // namespace

}  // namespace dl::reference
