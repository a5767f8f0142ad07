// group_norm
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("group_norm normalizes groups of channels over all positions") {
  check_layer({.yaml = "group_norm: 2", .input = {3, 2, 4}});
  check_layer({.yaml = "group_norm: {num_groups: 4, bias: false}", .input = {5, 4}});
  check_layer({.yaml = "group_norm: {num_groups: 3, eps: 0.1}", .input = {9}});
  // One group of 1, 3 at one position and 5, 7 at the other: mean 4, variance 5.
  check_close(layer_output("group_norm: {num_groups: 1, eps: 4}", {1, 2, 2}, {1, 3, 5, 7}),
              {-1, -1 / 3.0f, 1 / 3.0f, 1});
}

TEST_CASE("group_norm needs channels that its groups divide") {
  CHECK(layer_error("group_norm: 3", {{4, 4, 8}}) ==
        "cannot divide 8 channels into 3 groups; set num_groups to a divisor");
}
