// global_avg_pool1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("global_avg_pool1d is the mean of each channel") {
  check_layer({.yaml = "global_avg_pool1d", .input = {4, 3}});
  check_close(layer_output("global_avg_pool1d", {4, 2}, {1, 10, 2, 20, 3, 30, 6, 40}), {3, 25});
}
