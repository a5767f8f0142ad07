// avg_pool1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("avg_pool1d takes the mean of each window of a sequence") {
  check_layer({.yaml = "avg_pool1d: 2", .input = {7, 3}});
  check_layer({.yaml = "avg_pool1d: {kernel_size: 3, stride: 2, padding: 1}", .input = {6, 2}});
  check_close(layer_output("avg_pool1d: 2", {6, 1}, {1, 5, 0, -3, 7, 7}), {3, -1.5f, 7});
}
