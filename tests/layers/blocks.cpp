// Blocks of layers: those that have the names of layers, and those that nothing uses.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/text.h"
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

TEST_CASE("a block that nothing uses, or a layer that is repeated 0 times, is checked as far as it is written") {
  const auto said = [](const std::string& layers, const std::string& model = "[relu]") {
    const std::string blocks = "a: {params: {n: , p: 0.1}, layers: [" + layers +
                               "]}\n"
                               "b: {params: {width: , p: 0.5}, layers: [{linear: \"${width}\"}, {dropout: \"${p}\"}]}";
    std::vector<Problem> problems;
    expand_model(parse_yaml(model, "m.yaml"), parse_yaml(blocks, "a.yaml"), {"x"}, problems);
    std::string text;
    for (const Problem& problem : problems)
      text += concat(problem.where.text(), " ", problem.path, ": ", problem.what, "\n");
    return text;
  };
  CHECK(said("{conv2d: {out_channels: \"${n}\", kernel_size: 3}}, {dropout: \"${p}\"}, relu, {b: {width: \"${n}\"}}") ==
        "");
  CHECK(said("{conv2d: {out_channels: \"${n}\", kernal_size: 3}}") ==
        "a.yaml:1:69 blocks.a.layers[0] (conv2d): unknown key 'kernal_size'\n");
  CHECK(said("relu, {conv2d: {out_channels: \"${n}\"}}") ==
        "a.yaml:1:52 blocks.a.layers[1] (conv2d): key 'kernel_size' is missing\n");
  CHECK(said("{conv2d: {out_channels: \"${n}\", kernel_size: 3, stride: 0}}")
            .starts_with("a.yaml:1:93 blocks.a.layers[0].conv2d.stride: expected "));
  CHECK(said("{dropuot: \"${p}\"}") == "a.yaml:1:38 blocks.a.layers[0]: unknown layer 'dropuot'\n");
  CHECK(said("reluu") == "a.yaml:1:37 blocks.a.layers[0]: unknown layer 'reluu'\n");
  CHECK(said("{b: {widht: \"${n}\"}}") == "a.yaml:1:42 blocks.a.layers[0] (b): unknown key 'widht'\n");
  CHECK(said("b") == "a.yaml:1:37 blocks.a.layers[0] (b): key 'width' is missing\n");
  CHECK(said("relu", "[relu, {relu: {n: 3}, repeat: 0}]") == "m.yaml:1:16 model[1] (relu): unknown key 'n'\n");
  CHECK(said("relu", "[relu, {relu: {n: 3}, repeat: 0, name: \"{}\"}]") ==
        "m.yaml:1:16 model[1] (relu): unknown key 'n'\n");
}
