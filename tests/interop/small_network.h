// A network from a few lines of YAML, with weights that count: for tests of exports.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include "lib/interop/program/trained_network.h"
#include "lib/spec/yaml.h"

namespace dl::testing {

struct SmallNetwork {
  // `model` and, where it has any, `blocks`, as in a config; one input "x".
  explicit SmallNetwork(const std::string& yaml, Type input) {
    const Node spec = parse_yaml(yaml, "test");
    const Node* blocks = spec.find("blocks");
    items = expand_model(*spec.find("model"), blocks ? *blocks : Node(), {"x"}, problems);
    network = std::make_unique<Network>(items, std::vector<Network::Input>{{"x", std::move(input)}}, problems);
    for (const Problem& problem : problems) FAIL(render(problem));
  }

  // Element i of each tensor is i / 8.
  TrainedNetwork trained() const {
    return {.network = *network,
            .items = items,
            .output = {},
            .source = "test, step 1",
            .config = Node::map(),
            .weights =
                [](const Tensor& tensor) {
                  std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
                  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 8;
                  return values;
                },
            .learning_rates = {1}};
  }

  std::vector<Problem> problems;
  std::vector<ModelItem> items;
  std::unique_ptr<Network> network;
};

}  // namespace dl::testing
