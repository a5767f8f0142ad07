// Mixed precision: which values become bf16.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops.h"
#include "lib/graph/passes.h"

using namespace dl;

namespace {

// The types of the operands of each live node with this name, "bf16 bf16".
std::vector<std::string> operands(const Graph& g, std::string_view name) {
  std::vector<std::string> all;
  const std::vector<char> live = live_nodes(g);
  for (int i = 0; i < g.size(); ++i) {
    if (!live[static_cast<size_t>(i)] || g.node(i).op->name() != name) continue;
    std::string types;
    for (const Value& v : g.node(i).inputs) types += std::string(types.empty() ? "" : " ") + name_of(v.type().dtype);
    all.push_back(types);
  }
  return all;
}

int count(const Graph& g, std::string_view name) { return static_cast<int>(operands(g, name).size()); }

// A layer, its loss and the gradients of its parameters in one range.
std::unique_ptr<Graph> training_step() {
  auto g = std::make_unique<Graph>();
  const Value x = input(*g, "x", {DType::f32, {8, 4}});
  const Value flat = variable(*g, {"parameters", {DType::f32, {48}}});
  const Value w = view(flat, 0, {5, 4}), v = view(flat, 32, {3, 5});
  const Value h = maximum(matmul(x, w, false, true), 0), y = matmul(h, v, false, true);
  const Value loss = mean(y * y);
  const std::vector<Value> d = gradients(loss, {w, v});
  g->output("loss", loss);
  g->assign("parameters", flat - pack({d[0], d[1]}, {0, 32}, 48) * 0.1);
  return g;
}

// In mixed precision.
std::unique_ptr<Graph> narrowed(const Graph& g) { return run_passes(g, {.precision = Precision::bf16_mixed}); }

}  // namespace

TEST_CASE("in mixed precision every product takes bf16 and gives f32") {
  const std::unique_ptr<Graph> g = training_step(), mixed = narrowed(*g);
  CHECK(operands(*g, "matmul") == std::vector<std::string>(5, "f32 f32"));
  CHECK(operands(*mixed, "matmul") == std::vector<std::string>(5, "bf16 bf16"));
}

TEST_CASE("parameters stay f32, are cast once for all products, and their gradients are never rounded") {
  const std::unique_ptr<Graph> mixed = narrowed(*training_step());
  int casts_of_parameters = 0;
  for (int i = 0; i < mixed->size(); ++i) {
    const GraphNode& node = mixed->node(i);
    if (node.op->name() == "cast" && mixed->node(node.inputs[0].node).op->name() == "variable") ++casts_of_parameters;
  }
  CHECK(casts_of_parameters == 1);
  CHECK(operands(*mixed, "pack") == std::vector<std::string>{"f32 f32"});
  CHECK(mixed->assigns()[0].value.type() == Type{DType::f32, {48}});
  CHECK(mixed->outputs()[0].value.type() == Type{DType::f32, {}});
}

TEST_CASE("of parameters that are mostly read by no product, only what products read is narrowed") {
  Graph g;
  const Value flat = variable(g, {"parameters", {DType::f32, {4000}}});
  const Value table = view(flat, 0, {300, 8}), w = view(flat, 2400, {8, 8});
  g.output("y", matmul(embedding(table, input(g, "i", {DType::i32, {5}})), w));
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "matmul") == std::vector<std::string>{"bf16 bf16"});
  CHECK(operands(*mixed, "view") == std::vector<std::string>(2, "f32"));
  CHECK(operands(*mixed, "embedding") == std::vector<std::string>{"f32 i32"});
}

TEST_CASE("a variable kept in bf16 is read by products as it is and by the rest as f32, and is rounded when assigned") {
  const std::unique_ptr<Graph> kept = keep_in_bf16(*training_step(), {"parameters", {DType::f32, {48}}}, 3);
  CHECK(operands(*kept, "matmul") == std::vector<std::string>(5, "f32 f32"));
  CHECK(kept->assigns()[0].value.type() == Type{DType::bf16, {48}});
  const std::unique_ptr<Graph> mixed = narrowed(*kept);
  CHECK(operands(*mixed, "matmul") == std::vector<std::string>(5, "bf16 bf16"));
  CHECK(operands(*mixed, "view") == std::vector<std::string>(2, "bf16"));
  CHECK(mixed->assigns()[0].value.type() == Type{DType::bf16, {48}});
  for (int i = 0; i < mixed->size(); ++i) {
    const GraphNode& node = mixed->node(i);
    if (node.op->name() != "cast") continue;
    const Type from = node.inputs[0].type();
    CHECK((from.dtype != DType::f32 || mixed->node(node.inputs[0].node).op->name() != "view"));
  }
}

TEST_CASE("whatever reads an operand of a product reads it rounded, so that it is kept once") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {8, 4}}), w = variable(g, {"w", {DType::f32, {4, 4}}});
  const Value h = exp(x);
  g.output("y", matmul(h, w) + h);
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "map") == std::vector<std::string>{"f32", "f32 bf16"});
  CHECK(count(*mixed, "cast") == 2);
}

TEST_CASE("what moves elements moves bf16, and sums get f32 again") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {8, 4}}), w = variable(g, {"w", {DType::f32, {8, 4}}});
  const Value turned = transpose(x, {1, 0});
  g.output("y", matmul(turned, w));
  g.output("sum", sum(turned, {1}));
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "transpose") == std::vector<std::string>{"bf16"});
  CHECK(operands(*mixed, "reduce_sum") == std::vector<std::string>{"f32"});
}

TEST_CASE("convolutions of sequences and volumes and transposed ones take bf16, forward and backward") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 8, 4}}), w = variable(g, {"w", {DType::f32, {6, 4, 3}}});
  const Value back = variable(g, {"back", {DType::f32, {6, 4, 3}}});
  const Window window{.rank = 1, .size = {3}};
  const Value y = transposed_convolution(exp(convolution(exp(x), w, window)), back, window, {8});
  const std::vector<Value> d = gradients(sum(y * y), {w, back});
  g.output("dw", d[0]);
  g.output("dback", d[1]);
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "convolution") == std::vector<std::string>{"bf16 bf16", "bf16 bf16"});
  CHECK(operands(*mixed, "convolution_grad_input") == std::vector<std::string>{"bf16 bf16"});
  CHECK(operands(*mixed, "convolution_grad_weight") == std::vector<std::string>{"bf16 bf16", "bf16 bf16"});
}

TEST_CASE("channels that are convolved each by itself stay f32") {
  Graph g;
  const Window window{.size = {3, 3}};
  const Value x = input(g, "x", {DType::f32, {1, 8, 8, 6}});
  g.output("each", convolution(x, variable(g, {"w", {DType::f32, {6, 1, 3, 3}}}), window, 6));
  g.output("all", convolution(exp(x), variable(g, {"v", {DType::f32, {6, 6, 3, 3}}}), window));
  CHECK(operands(*narrowed(g), "convolution") == std::vector<std::string>{"f32 f32", "bf16 bf16"});
}

TEST_CASE("attention and its gradient pass bf16 on, their logarithmic sums stay f32") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 5, 12}}), w = variable(g, {"w", {DType::f32, {4, 4}}});
  const Value loss = sum(matmul(attention({x}, {.heads = 2, .kv_heads = 2}), w));
  g.output("dx", gradients(loss, {x})[0]);
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "attention") == std::vector<std::string>{"bf16"});
  CHECK(operands(*mixed, "attention_grad") == std::vector<std::string>{"bf16 bf16 f32 bf16"});
  CHECK(mixed->outputs()[0].value.type().dtype == DType::f32);
}

TEST_CASE("a linear layer of many classes is joined with its cross-entropy, which takes bf16 and gives f32") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {6, 4}}), w = variable(g, {"w", {DType::f32, {3000, 4}}});
  const Value loss = sum(cross_entropy(matmul(x, w, false, true), input(g, "y", {DType::i32, {6}})));
  const std::vector<Value> d = gradients(loss, {x, w});
  g.output("dx", d[0]);
  g.output("dw", d[1]);
  const std::unique_ptr<Graph> mixed = narrowed(g);
  CHECK(operands(*mixed, "matmul").empty());
  CHECK(operands(*mixed, "linear_cross_entropy") == std::vector<std::string>{"bf16 bf16 i32 f32"});
  for (const auto& output : mixed->outputs()) CHECK(output.value.type().dtype == DType::f32);
}
