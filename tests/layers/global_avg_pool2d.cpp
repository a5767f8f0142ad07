// global_avg_pool2d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("global_avg_pool2d is the mean of each channel") {
  check_layer({.yaml = "global_avg_pool2d", .input = {3, 2, 4}});
  check_layer({.yaml = "global_avg_pool2d", .input = {1, 1, 4}});
  check_close(layer_output("global_avg_pool2d", {2, 2, 2}, {1, 10, 2, 20, 3, 30, 6, 40}), {3, 25});
}

TEST_CASE("global_avg_pool2d asks for an image") {
  CHECK(layer_error("global_avg_pool2d", {{20}}) ==
        "expected an image [height, width, channels], got shape [20]; put it before 'flatten'");
}
