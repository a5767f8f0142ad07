// batch_norm
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("batch_norm normalizes each channel over the batch, and by running statistics afterwards") {
  check_layer({.yaml = "batch_norm", .input = {3, 2, 4}});
  check_layer({.yaml = "batch_norm: {eps: 0.1, momentum: 0.01}", .input = {5}});
  check_layer({.yaml = "batch_norm", .input = {6, 3}});
  check_layer({.yaml = "batch_norm", .input = {2, 3, 2, 3}});
  // At first the running mean is 0 and the running variance 1.
  check_close(layer_output("batch_norm: {eps: 3}", {2}, {4, -1}), {2, -0.5f});
}
