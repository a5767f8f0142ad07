// conv3d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv3d slides its kernels through a volume") {
  check_layer({.yaml = "conv3d: {out_channels: 2, kernel_size: 3, padding: same}", .input = {3, 4, 3, 2}});
  check_layer(
      {.yaml = "conv3d: {out_channels: 2, kernel_size: [2, 1, 3], stride: [1, 2, 1], padding: [1, 0, 1], groups: 2}",
       .input = {3, 3, 4, 2}});
  check_close(layer_output("conv3d: {out_channels: 1, kernel_size: 2, init: {constant: 1}, bias_init: {constant: 0.5}}",
                           {2, 2, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
              {48.5f, 56.5f});
}

TEST_CASE("conv3d asks for a volume, and for room") {
  CHECK(layer_error("conv3d: {out_channels: 4, kernel_size: 3}", {{8, 8, 8}}) ==
        "expected a volume [depth, height, width, channels], got shape [8, 8, 8]; save volumes of one channel as "
        "[samples, depth, height, width, 1]");
  CHECK(
      layer_error("conv3d: {out_channels: 4, kernel_size: 3}", {{2, 5, 5, 1}}) ==
      "a 3x3x3 kernel does not fit into a volume of 2x5x5; pad, or use a smaller kernel_size or fewer strides before");
}
