// softmax
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("softmax makes the last axis a distribution") {
  check_layer({.yaml = "softmax", .input = {5}});
  check_layer({.yaml = "softmax", .input = {2, 3, 4}});
  check_close(layer_output("softmax", {3}, {1, 2, 3}), {0.0900305732f, 0.244728471f, 0.665240956f});
}
