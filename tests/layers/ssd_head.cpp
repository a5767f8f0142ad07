// ssd_head
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/detections.h"
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("ssd_head") { check_layer({.yaml = "ssd_head: {anchors: [[2, 4], 3], classes: 2}", .input = {2, 3, 2}}); }

TEST_CASE("anchors lie around the middles of a feature map's places, and say the image's size") {
  Graph g;
  const std::vector<Pair> sizes{{2, 4}, {8, 8}};
  check_value(anchor_columns(g, 1, {8, 12}, {1, 2}, sizes), {},
              {1, 3, 5, 5, 12, 8, -1, 0, 7, 8, 12, 8, 7, 3, 11, 5, 12, 8, 5, 0, 13, 8, 12, 8});
}
