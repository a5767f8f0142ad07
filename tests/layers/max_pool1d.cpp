// max_pool1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("max_pool1d takes the maximum of each window of a sequence") {
  check_layer({.yaml = "max_pool1d: 2", .input = {7, 3}});
  check_layer({.yaml = "max_pool1d: {kernel_size: 3, stride: 2, padding: 1}", .input = {6, 2}});
  check_close(layer_output("max_pool1d: 2", {6, 1}, {1, 5, 0, -3, 7, 7}), {5, 0, 7});
}

TEST_CASE("max_pool1d asks for a sequence with room for its window") {
  CHECK(layer_error("max_pool1d: 3", {{2, 6}}) ==
        "a window of 3 does not fit into a length of 2; use a smaller window or fewer strides before");
}
