// add
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("add is the sum of its inputs") {
  check_layer({.yaml = "add", .input = {3, 2}, .inputs = 2});
  check_layer({.yaml = "add", .input = {4}, .inputs = 3});
}

TEST_CASE("add asks for several inputs of one shape") {
  CHECK(layer_error("add", {{4}}) == "expected at least two inputs, got one; name them: from: [conv2, x]");
  CHECK(layer_error("add", {{4, 4, 8}, {2, 2, 16}}) ==
        "expected inputs of one shape, got [4, 4, 8] and [2, 2, 16]; bring the branches to one shape, for instance "
        "with a conv2d of kernel_size 1");
}
