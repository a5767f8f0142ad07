// relu
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("relu is the larger of its input and 0") {
  check_layer({.yaml = "relu", .input = {7}});
  check_close(layer_output("relu", {4}, {-50, -0.5f, 0, 2}), {0, 0, 0, 2});
}
