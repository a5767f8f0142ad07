// avg_pool2d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("avg_pool2d takes the mean of each window") {
  check_layer({.yaml = "avg_pool2d: 2", .input = {4, 5, 3}});
  check_layer({.yaml = "avg_pool2d: {kernel_size: 3, stride: 2, padding: 1}", .input = {5, 5, 2}});
  check_close(layer_output("avg_pool2d: 2", {2, 4, 1}, {1, 5, -3, -2, 4, 0, -9, -8}), {2.5f, -5.5f});
}

TEST_CASE("padding 'same' does not count in the mean, as in Keras, unless it is told to") {
  const Numbers x{1, 2, 3, 4, 5, 6, 7, 8, 9};
  check_layer({.yaml = "avg_pool2d: {kernel_size: 2, padding: same}", .input = {3, 3, 2}});
  check_close(layer_output("avg_pool2d: {kernel_size: 2, padding: same}", {3, 3, 1}, x), {3, 4.5f, 7.5f, 9});
  check_close(layer_output("avg_pool2d: {kernel_size: 2, padding: same, count_include_pad: true}", {3, 3, 1}, x),
              {3, 2.25f, 3.75f, 2.25f});
}
