// Blocks that have the names of layers.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/spec/blocks.h"
#include "lib/spec/yaml.h"

using namespace dl;

TEST_CASE("a block goes before a layer of its name, and has the layer inside") {
  std::vector<Problem> problems;
  const Node blocks = parse_yaml("relu: {params: {n: 1}, layers: [{linear: \"${n}\"}, relu]}", "a.yaml");
  const std::vector<ModelItem> items =
      expand_model(parse_yaml("[{relu: {n: 3}}, relu]", "a.yaml"), blocks, {"x"}, problems);
  for (const Problem& problem : problems) FAIL_CHECK(render(problem));
  REQUIRE(items.size() == 2);
  for (const ModelItem& item : items) {
    REQUIRE(item.children.size() == 2);
    CHECK(item.children[0].layer.find("linear"));
    CHECK(item.children[1].layer.as_string() == "relu");
  }
}
