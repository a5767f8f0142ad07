// max_unpool1d, 2d and 3d: their numbers are in tests/golden/layers
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("what max_unpool1d puts back leaves 0 at all other places, infinity too") {
  const float inf = std::numeric_limits<float>::infinity();
  const auto layer = read_registered_as<Layer>("max_unpool1d: 2");
  const std::vector<Type> types{{DType::f32, {1, 2, 1}}, {DType::f32, {1, 5, 1}}};
  BuiltLayer built(*layer, types, true, 0);
  built.feed["x0"] = {inf, 7};
  built.feed["x1"] = {1, 9, 5, 3, 8};
  CHECK(evaluate(built.graph(), {built.y}, built.feed)[0] == Numbers{0, inf, 7, 0, 0});
}
