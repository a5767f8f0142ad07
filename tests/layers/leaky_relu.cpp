// leaky_relu
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("leaky_relu multiplies what is below 0 by its slope") {
  check_layer({.yaml = "leaky_relu: 0.2", .input = {7}});
  check_close(layer_output("leaky_relu: 0.2", {4}, {-50, -0.5f, 0, 2}), {-10, -0.1f, 0, 2});
  check_close(layer_output("leaky_relu", {2}, {-50, 3}), {-0.5f, 3});
}
