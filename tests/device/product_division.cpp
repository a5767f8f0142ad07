// How products are divided.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product_division.h"

#include <doctest/doctest.h>

#include "lib/device/cpu/product.h"

namespace dl::testing {
namespace {

// x[samples, depth] times a weight[features, depth], transposed: a linear layer's forward pass.
Gemm linear(int64_t samples, int64_t depth, int64_t features) {
  return {.a_row = depth,
          .b_depth = 1,
          .b_column = depth,
          .c_row = features,
          .rows = samples,
          .columns = features,
          .depth = depth};
}

}  // namespace

TEST_CASE("of few samples and many features the samples are packed, unless the weight is kept packed") {
  for (const Isa isa : supported_isas()) {
    for (const int threads : {1, 2, 4}) {
      CpuDevice device({.threads = threads}, isa, Machine{});
      CAPTURE(device.description());
      const GemmKernels& kernels = gemm_kernels_of<float>(device);
      const auto is_turned = [&](const Gemm& g, bool epilogue = false, bool library = false, bool b_stays = false) {
        return divide_product(g, kernels, device, epilogue, library, b_stays).turned;
      };
      CHECK(is_turned(linear(32, 784, 512)));
      CHECK(is_turned(linear(128, 784, 512), true));
      CHECK_FALSE(is_turned(linear(32, 784, 512), false, false, true));
      CHECK_FALSE(is_turned(linear(32, 784, 512), false, true));
      CHECK_FALSE(is_turned(linear(512, 784, 32)));
      CHECK_FALSE(is_turned(linear(4, 784, 512)));           // along the depth
      CHECK_FALSE(is_turned(linear(1024, 64, 2048), true));  // blocks of rows
      Gemm input_gradient = linear(32, 784, 512);            // its weight is read along its rows
      std::swap(input_gradient.b_depth, input_gradient.b_column);
      CHECK_FALSE(is_turned(input_gradient));
    }
  }
}

TEST_CASE("chunks of rows are the same whether the product is turned or the weight is kept") {
  CpuDevice device({.threads = 2}, supported_isas().back(), Machine{});
  const GemmKernels& kernels = gemm_kernels_of<float>(device);
  const Gemm g = linear(100, 300, 700);
  CHECK(divide_product(g, kernels, device, true, false).chunk_rows ==
        divide_product(g, kernels, device, true, false, true).chunk_rows);
}

}  // namespace dl::testing
