// dropout
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("dropout sets elements to 0 while training, and nothing afterwards") {
  check_layer({.yaml = "dropout: 0.5", .input = {3, 20}});
  check_layer({.yaml = "dropout: 0", .input = {7}});
  check_close(layer_output("dropout: 0.9", {3}, {1, 2, 3}), {1, 2, 3});
}

TEST_CASE("dropout drops as many elements as it says, and divides the others by their share") {
  BuiltLayer built(*read_registered_as<Layer>("dropout: 0.25"), LayerCase{.input = {10000}}, 1, true);
  built.feed["x0"].assign(10000, 3.0f);
  const Numbers y = evaluate(built.graph(), {built.y}, built.feed)[0];
  const auto dropped = std::count(y.begin(), y.end(), 0.0f);
  CHECK(dropped + std::count(y.begin(), y.end(), 4.0f) == 10000);
  CHECK(std::abs(dropped - 2500) < 200);
}
