// layer_norm
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("layer_norm normalizes each position over its features") {
  check_layer({.yaml = "layer_norm", .input = {7}});
  check_layer({.yaml = "layer_norm: {bias: false, eps: 0.1}", .input = {3, 33}});
  check_layer({.yaml = "layer_norm", .input = {3, 2, 4}});
  check_close(layer_output("layer_norm: {eps: 3}", {2, 2}, {3, 1, -1, 1}), {0.5f, -0.5f, -0.5f, 0.5f});
}
