// rms_norm
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("rms_norm divides each position by its root mean square") {
  check_layer({.yaml = "rms_norm", .input = {7}});
  check_layer({.yaml = "rms_norm: {eps: 0.1}", .input = {3, 33}});
  check_close(layer_output("rms_norm: {eps: 3}", {2, 2}, {1, 1, -1, 5}), {0.5f, 0.5f, -0.25f, 1.25f});
}
