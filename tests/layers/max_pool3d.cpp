// max_pool3d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("max_pool3d takes the maximum of each window of a volume") {
  check_layer({.yaml = "max_pool3d: 2", .input = {4, 3, 4, 2}});
  check_layer(
      {.yaml = "max_pool3d: {kernel_size: [3, 1, 3], stride: [1, 2, 2], padding: [1, 0, 1]}", .input = {3, 3, 4, 2}});
  check_close(
      layer_output("max_pool3d: {kernel_size: 2, stride: 1}", {2, 2, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
      {11, 12});
}
