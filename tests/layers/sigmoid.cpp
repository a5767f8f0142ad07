// sigmoid
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("sigmoid goes from 0 to 1") {
  check_layer({.yaml = "sigmoid", .input = {7}});
  check_close(layer_output("sigmoid", {4}, {-50, -0.5f, 0, 2}), {0, 0.37754067f, 0.5f, 0.88079708f});
}
