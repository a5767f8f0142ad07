// Graphs: equal nodes are one, gradients stop where nothing depends on them, graphs read as text.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/passes.h"

using namespace dl;

namespace {

const Type pair_type{DType::f32, {2}};

}  // namespace

TEST_CASE("equal nodes are one") {
  Graph g;
  const Value x = input(g, "x", pair_type), y = input(g, "y", pair_type);
  CHECK(x + y == x + y);
  CHECK(exp(x * 2) == exp(x * 2.0));
  CHECK(sum(x) == sum(x));
  CHECK(input(g, "x", pair_type) == x);
  CHECK(constant(g, 0.1) == constant(g, 0.1));
}

TEST_CASE("nodes that differ in an operand, its place or an attribute are not one") {
  Graph g;
  const Value x = input(g, "x", pair_type), y = input(g, "y", pair_type), m = reshape(x, {1, 2});
  CHECK_FALSE(x - y == y - x);
  CHECK_FALSE(x + y == x * y);
  CHECK_FALSE(matmul(m, m, true, false) == matmul(m, m, false, true));
  CHECK_FALSE(constant(g, 0.1) == constant(g, 0.1f));
  const Value step = input(g, "step", {DType::i32, {}});
  CHECK_FALSE(random_uniform(step, {2}, 1, "a") == random_uniform(step, {2}, 1, "b"));
  CHECK_FALSE(moments(m, {0}).mean == moments(m, {0}).variance);
}

TEST_CASE("a gradient's nodes are of the backward phase and of their layer, what is added after them of the update") {
  Graph g;
  g.scope = "layer";
  const Value x = input(g, "x", pair_type), y = exp(x);
  g.scope.clear();
  const Value d = gradients(sum(y), {x})[0], next = x - d;
  CHECK(g.node(y.node).phase == Phase::forward);
  CHECK(g.node(d.node).phase == Phase::backward);
  CHECK(g.node(d.node).scope == "layer");
  CHECK(g.node(next.node).phase == Phase::update);
}

TEST_CASE("what the loss does not depend on has no gradient") {
  Graph g;
  const Value x = input(g, "x", pair_type), y = input(g, "y", pair_type);
  const std::vector<Value> d = gradients(sum(x * x), {x, y});
  CHECK(d[0].shape() == x.shape());
  CHECK_FALSE(d[1]);
}

TEST_CASE("nodes that neither an output nor an assignment needs are dead") {
  Graph g;
  const Value x = input(g, "x", pair_type);
  const Value used = x * 2, unused = exp(x), kept = x + 1;
  g.output("used", used);
  g.assign("kept", kept);
  const std::vector<char> live = live_nodes(g);
  CHECK(live[static_cast<size_t>(used.node)]);
  CHECK(live[static_cast<size_t>(kept.node)]);
  CHECK_FALSE(live[static_cast<size_t>(unused.node)]);
}

TEST_CASE("a graph reads as text, a line a node") {
  Graph g;
  const Value w = variable(g, {"w", pair_type});
  const Value y = w * input(g, "x", {DType::u8, {3, 1}});
  g.assign("w", w - 0.5);
  g.output("y", sum(y, {0}));
  CHECK(g.text() ==
        "%0 = variable{w}() -> f32[2]\n"
        "%1 = input{x}() -> u8[3, 1]\n"
        "%2 = map{mul}(%0, %1) -> f32[3, 2]\n"
        "%3 = constant{0.5}() -> f32[]\n"
        "%4 = map{sub}(%0, %3) -> f32[2]\n"
        "%5 = reduce_sum{0}(%2) -> f32[1, 2]\n"
        "w <- %4\n"
        "output y = %5\n");
}

TEST_CASE("assigning a variable twice is a fault of ours") {
  Graph g;
  const Value x = input(g, "x", pair_type);
  g.assign("w", x);
  CHECK_THROWS_AS(g.assign("w", x), CheckFailure);
}
