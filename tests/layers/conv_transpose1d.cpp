// conv_transpose1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv_transpose1d lays its kernels out for each input") {
  check_layer({.yaml = "conv_transpose1d: {out_channels: 2, kernel_size: 3, stride: 2, padding: 1}", .input = {4, 3}});
  check_layer(
      {.yaml = "conv_transpose1d: {out_channels: 2, kernel_size: 4, stride: 2, padding: same}", .input = {3, 2}});
  check_close(
      layer_output("conv_transpose1d: {out_channels: 1, kernel_size: 3, stride: 2, init: {constant: 1}, bias: false}",
                   {3, 1}, {1, 10, 100}),
      {1, 1, 11, 10, 110, 100, 100});
  check_close(
      layer_output("conv_transpose1d: {out_channels: 1, kernel_size: 3, stride: 2, padding: same, init: {constant: "
                   "1}, bias: false}",
                   {3, 1}, {1, 10, 100}),
      {1, 1, 11, 10, 110, 100});
}
