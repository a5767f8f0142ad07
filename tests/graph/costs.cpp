// What operations cost: floating-point operations (a multiply-add counts 2) and bytes read and written.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops.h"

using namespace dl;

namespace {

Cost cost_of(const Value& v) {
  const auto& node = v.graph->node(v.node);
  std::vector<Type> inputs;
  for (const Value& in : node.inputs) inputs.push_back(in.type());
  return node.op->cost(inputs, node.types);
}

}  // namespace

TEST_CASE("a matrix product costs 2 m n k") {
  Graph g;
  const Value a = input(g, "a", {DType::f32, {3, 5}}), b = input(g, "b", {DType::f32, {7, 5}});
  const Cost cost = cost_of(matmul(a, b, false, true));
  CHECK(cost.flops == 2 * 3 * 7 * 5);
  CHECK(cost.bytes == 4 * (3 * 5 + 7 * 5 + 3 * 7));
}

TEST_CASE("an embedding costs what it moves") {
  Graph g;
  const Value table = input(g, "table", {DType::f32, {100, 8}}), x = input(g, "x", {DType::i32, {3, 5}});
  const Value y = embedding(table, x);
  CHECK(cost_of(y).flops == 0);
  CHECK(cost_of(y).bytes == 4 * (15 + 2 * 15 * 8));
  CHECK(cost_of(gradients(sum(y * y), {table})[0]).flops == 15 * 8);
}

TEST_CASE("a convolution costs 2 operations for each output and weight of its group, each gradient as much") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 8, 8, 4}}), w = input(g, "w", {DType::f32, {6, 2, 3, 3}});
  const Value y = convolution(x, w, {.size = {3, 3}}, 2);
  const double flops = 2.0 * (2 * 6 * 6 * 6) * (2 * 3 * 3);
  CHECK(cost_of(y).flops == flops);
  CHECK(cost_of(y).bytes == 4 * (2 * 8 * 8 * 4 + 6 * 2 * 3 * 3 + 2 * 6 * 6 * 6));
  for (const Value& d : gradients(sum(y * y), {x, w})) CHECK(cost_of(d).flops == flops);
}

TEST_CASE("elementwise functions and reductions cost one operation an element, views nothing") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {4, 5}}), row = input(g, "row", {DType::f32, {5}});
  CHECK(cost_of(x + row).flops == 20);
  CHECK(cost_of(x + row).bytes == 4 * (20 + 5 + 20));
  CHECK(cost_of(map(Function::fma, x, x, row)).flops == 40);
  CHECK(cost_of(max(x, {0})).flops == 20);
  CHECK(cost_of(reshape(x, {20})).flops == 0);
  CHECK(cost_of(reshape(x, {20})).bytes == 0);
}

TEST_CASE("a recurrent step costs a product of the state with the weight, and about ten operations a gate") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3, 20}}), weight = input(g, "w", {DType::f32, {20, 5}});
  const Value zeros = input(g, "h", {DType::f32, {2, 5}});
  const Value y = recurrent(Cell::lstm, x, weight, {.h = zeros, .c = zeros}).y;
  CHECK(cost_of(y).flops == 2 * 3 * 20 * (2 * 5 + 10));
  CHECK(cost_of(gradients(sum(y), {x})[0]).flops == 2 * 3 * 20 * (2 * 5 + 10));
}
