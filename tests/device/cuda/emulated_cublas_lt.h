// cuBLASLt as products use it, in the tests: what its descriptors are told is kept, and a product is made of that by
// loops. What the library's documentation does not allow throws Undefined.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>

#include "lib/device/cuda/cublas_lt.h"

namespace dl::cuda {

struct EmulatedCublasLt {
  // Begins work in a stream; without it, it is done at once.
  std::function<void(Stream, std::function<void()>)> begin;
  bool adds_bias = true;  // false: no product with a bias has a way
};
std::shared_ptr<const CublasLt> emulated_cublas_lt(EmulatedCublasLt how = {});

}  // namespace dl::cuda
