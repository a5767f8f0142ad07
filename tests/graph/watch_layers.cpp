// Watching layers for numbers that are not finite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops.h"
#include "lib/graph/passes.h"

using namespace dl;

TEST_CASE("each layer's result and gradients are watched, in the order they are computed") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}}), flat = variable(g, {"parameters", {DType::f32, {32}}});
  const Value w = view(flat, 0, {3, 3}), v = view(flat, 16, {3, 3});
  g.scope = "first";
  const Value h = maximum(matmul(x, w, false, true) + 1, 0);
  g.scope = "second";
  const Value y = matmul(h, v, false, true);
  g.scope = "unused";
  matmul(x, v, false, true);
  g.scope.clear();
  const Value loss = mean(y * y);
  const std::vector<Value> d = gradients(loss, {w, v});
  g.output("loss", loss);
  g.assign("parameters", flat - pack({d[0], d[1]}, {0, 16}, 32));

  const std::unique_ptr<Graph> made = watch_layers(g);
  std::vector<std::string> names;
  for (const Graph::Named& output : made->outputs()) {
    names.push_back(output.name);
    CHECK(output.value.type() == Type{});
  }
  std::vector<std::string> watched(names.begin(), names.end());
  std::erase(watched, "loss");
  CHECK(watched == std::vector<std::string>{"finite/forward/first", "finite/forward/second", "finite/backward/second",
                                            "finite/backward/first"});
  CHECK(names.size() == 5);
  CHECK(made->assigns().size() == 1);
}
