// max_pool2d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("max_pool2d takes the maximum of each window") {
  check_layer({.yaml = "max_pool2d: 2", .input = {4, 5, 3}});
  check_layer({.yaml = "max_pool2d: {kernel_size: 3, stride: 2, padding: 1}", .input = {5, 5, 2}});
  check_close(layer_output("max_pool2d: 2", {2, 4, 1}, {1, 5, -3, -2, 4, 0, -9, -8}), {5, -2});
}

TEST_CASE("max_pool2d asks for an image with room for its window") {
  CHECK(layer_error("max_pool2d: 3", {{2, 6, 1}}) ==
        "a 3x3 window does not fit into an image of 2x6; use a smaller window or fewer strides before");
}

TEST_CASE("padding 'same' gives as many outputs as Keras does") {
  check_close(
      layer_output("max_pool2d: {kernel_size: 2, padding: same}", {3, 3, 1}, {-1, -2, -3, -4, -5, -6, -7, -8, -9}),
      {-1, -3, -7, -9});
}
