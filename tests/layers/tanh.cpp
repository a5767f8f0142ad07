// tanh
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("tanh goes from -1 to 1") {
  check_layer({.yaml = "tanh", .input = {7}});
  check_close(layer_output("tanh", {4}, {-50, -0.5f, 0, 2}), {-1, -0.46211716f, 0, 0.96402758f});
}
