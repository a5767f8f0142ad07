// The recompute pass on graphs: what is kept, what is computed again, and when.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/recompute.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

// Blocks y = x + W2 gelu(W1 x) and a loss.
void residual_chain(Graph& g, int blocks) {
  Value x = input(g, "x", {DType::f32, {64, 32}});
  std::vector<Value> weights;
  auto weight = [&](int index, Shape shape) {
    weights.push_back(variable(g, {concat("w", index), {DType::f32, std::move(shape)}}));
    return weights.back();
  };
  for (int b = 0; b < blocks; ++b) {
    const Value h = matmul(x, weight(2 * b, {32, 64}));
    x = x + matmul(h * sigmoid(h), weight(2 * b + 1, {64, 32}));
  }
  const Value loss = mean(x * x);
  const std::vector<Value> d = gradients(loss, weights);
  for (size_t i = 0; i < d.size(); ++i) g.assign(concat("w", i), weights[i] - d[i]);
  g.output("loss", loss);
}

int count(const Graph& g, std::string_view op) {
  int n = 0;
  for (int i = 0; i < g.size(); ++i) n += g.node(i).op->name() == op;
  return n;
}

}  // namespace

TEST_CASE("the forward pass is cut where one value leads on") {
  Graph g;
  residual_chain(g, 8);
  const Recompute pass(g);
  CHECK(pass.stages(8) == 8);
  CHECK(pass.stages(4) == 4);
  CHECK(pass.stages(1) == 1);
}

TEST_CASE("where nothing is dropped nothing is computed twice") {
  Graph g;
  residual_chain(g, 4);
  const auto same = Recompute(g).apply({.stages = 4});
  CHECK(count(*same, "matmul") == count(g, "matmul") - 1);  // the gradient of x, which nothing wants
}

TEST_CASE("cheap values are computed again from the dear ones that are kept") {
  Graph g;
  residual_chain(g, 4);
  const Recompute pass(g);
  const auto none = pass.apply({.stages = 4}), cheap = pass.apply({.stages = 4, .cheap_before = 4});
  CHECK(count(*cheap, "matmul") == count(*none, "matmul"));
  CHECK(count(*cheap, "map") > count(*none, "map"));
}

TEST_CASE("dear values of a stage are computed again from what leads into it, but for what leads out of it") {
  Graph g;
  residual_chain(g, 4);
  const Recompute pass(g);
  const auto none = pass.apply({.stages = 4});
  for (const int before : {1, 2, 3}) {
    const auto dear = pass.apply({.stages = 4, .cheap_before = 4, .dear_before = before});
    // The first product of each block; the second one's result is wanted by no gradient.
    CHECK(count(*dear, "matmul") == count(*none, "matmul") + before);
    CHECK(dear->outputs().size() == g.outputs().size());
    CHECK(dear->assigns().size() == g.assigns().size());
  }
}

}  // namespace dl
