// pairwise_distance
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a distance of 0 to which nothing is added has the gradient 0") {
  for (const std::string yaml : {"pairwise_distance: {eps: 0}", "pairwise_distance: {p: 3, eps: 0}"}) {
    CAPTURE(yaml);
    BuiltLayer built(*read_registered_as<Layer>(yaml), LayerCase{.input = {2}, .inputs = 2}, 2, true);
    built.feed["x0"] = {1, 2, 3, 4};
    built.feed["x1"] = {1, 2, 3, 7};
    const Value slope = gradients(sum(built.y), {built.sources.at("x0")})[0];
    const std::vector<Numbers> found = evaluate(built.graph(), {built.y, slope}, built.feed);
    check_close(found[0], {0, 3}, 1e-5);
    check_close(found[1], {0, 0, 0, -1}, 1e-5);
  }
}
