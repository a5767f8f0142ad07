// Indices, given numbers and random ones.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/generate.h"

#include <algorithm>

#include "lib/base/random.h"
#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run iota_kernel(const Op& op, Types, Types) {
  const int64_t n = static_cast<const Iota&>(op).n;
  return [n](Buffers, Buffers y) {
    for (int64_t i = 0; i < n; ++i) f32(y, 0)[i] = static_cast<float>(i);
  };
}

Run numbers_kernel(const Op& op, Types, Types) {
  return [values = static_cast<const GivenNumbers&>(op).values](Buffers, Buffers y) {
    std::copy(values.begin(), values.end(), f32(y, 0));
  };
}

Run random_uniform_kernel(const Op& op, Types, Types out) {
  const uint64_t key = static_cast<const RandomUniform&>(op).key;
  return [key, n = out[0].shape.elements()](Buffers x, Buffers y) {
    const uint64_t step = static_cast<uint64_t>(*static_cast<const int32_t*>(x[0]));
    for (int64_t i = 0; i < n; ++i) f32(y, 0)[i] = random_uniform(key, step, static_cast<uint64_t>(i));
  };
}

DL_REFERENCE_KERNEL("iota", iota_kernel);
DL_REFERENCE_KERNEL("numbers", numbers_kernel);
DL_REFERENCE_KERNEL("random_uniform", random_uniform_kernel);

}  // namespace

}  // namespace dl::reference
