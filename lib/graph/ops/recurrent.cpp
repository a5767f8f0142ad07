// The recurrent operation's shapes, gradient and cost.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include "lib/base/error.h"

namespace dl {

namespace {

const char* word(Cell cell) {
  switch (cell) {
    case Cell::rnn_tanh: return "rnn_tanh";
    case Cell::rnn_relu: return "rnn_relu";
    case Cell::lstm: return "lstm";
    case Cell::gru: return "gru";
  }
  return "";
}

// One product with the weight a step, and about ten operations a gate.
double flops_of(const Shape& gates, int64_t hidden) {
  return static_cast<double>(gates.elements()) * (2.0 * static_cast<double>(hidden) + 10);
}

}  // namespace

std::string Recurrent::attributes() const { return concat(word(cell), reverse ? " reverse" : ""); }

std::vector<Type> Recurrent::infer(std::span<const Type> inputs) const {
  const Shape &x = inputs[0].shape, &weight = inputs[1].shape;
  DL_CHECK(inputs.size() == (keeps_of(cell) ? 4u : 3u), inputs.size(), " inputs of ", attributes());
  DL_CHECK(x.rank() == 3 && weight.rank() == 2 && x[2] == weight[0] && weight[0] == gates_of(cell) * weight[1],
           attributes(), " of ", x.text(), " with a weight of ", weight.text());
  const Shape state{x[0], weight[1]}, states{x[0], x[1], weight[1]};
  DL_CHECK(inputs[2].shape == state, "a state of ", inputs[2].shape.text(), " for ", state.text());
  if (cell == Cell::lstm) DL_CHECK(inputs[3].shape == state, "cells of ", inputs[3].shape.text());
  if (cell == Cell::gru) DL_CHECK(inputs[3].shape == Shape{weight[0]}, "a bias of ", inputs[3].shape.text());
  std::vector<Type> outputs{{DType::f32, states}, {DType::f32, states}, {DType::f32, x}, {DType::f32, state}};
  if (keeps_of(cell)) outputs.push_back({DType::f32, states});
  if (cell == Cell::lstm) outputs.push_back({DType::f32, state});
  return outputs;
}

std::vector<Value> Recurrent::gradient(const Backward& b) const {
  const Value weight = b.inputs[1];
  const Value from_y = b.gradients[y], from_last = b.gradients[last];
  const Value from_cells = cell == Cell::lstm ? b.gradients[last_cells] : Value{};
  std::vector<Value> inputs{b.outputs[gates], b.outputs[before], weight};
  if (keeps_of(cell)) inputs.push_back(b.outputs[kept]);
  if (cell == Cell::lstm) inputs.push_back(b.inputs[3]);
  for (const Value& d : {from_y, from_last, from_cells})
    if (d) inputs.push_back(d);
  const std::vector<Value> d = weight.graph->add(
      std::make_shared<RecurrentGrad>(cell, reverse, bool(from_y), bool(from_last), bool(from_cells)), inputs);
  const Value dx = d[0], from_state = cell == Cell::gru ? d[2] : dx;
  // All steps together: one product, as with a linear layer on the states before each step.
  const int64_t width = weight.shape()[0], hidden = weight.shape()[1];
  const Value flat = reshape(from_state, {-1, width});
  const Value dweight = matmul(flat, reshape(b.outputs[before], {-1, hidden}), true, false);
  std::vector<Value> result{dx, dweight, d[1]};
  if (cell == Cell::lstm) result.push_back(d[2]);
  if (cell == Cell::gru) result.push_back(reshape(sum(flat, {0}), {width}));
  return result;
}

Cost Recurrent::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = flops_of(inputs[0].shape, inputs[1].shape[1]);
  return cost;
}

std::string RecurrentGrad::attributes() const {
  return concat(word(cell), reverse ? " reverse" : "", from_y ? " y" : "", from_last ? " last" : "",
                from_cells ? " cells" : "");
}

std::vector<Type> RecurrentGrad::infer(std::span<const Type> inputs) const {
  const Type state{DType::f32, {inputs[0].shape[0], inputs[2].shape[1]}};
  std::vector<Type> outputs{inputs[0], state};
  if (cell == Cell::lstm) outputs.push_back(state);
  if (cell == Cell::gru) outputs.push_back(inputs[0]);
  return outputs;
}

Cost RecurrentGrad::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = flops_of(inputs[0].shape, inputs[2].shape[1]);
  return cost;
}

States recurrent(Cell cell, Value x, Value weight, const RecurrentStart& start, bool reverse) {
  std::vector<Value> inputs{as_f32(x), as_f32(weight), as_f32(start.h)};
  if (cell == Cell::lstm) inputs.push_back(as_f32(start.c));
  if (cell == Cell::gru) inputs.push_back(as_f32(start.bias));
  const std::vector<Value> made = x.graph->add(std::make_shared<Recurrent>(cell, reverse), inputs);
  return {.y = made[Recurrent::y],
          .h = made[Recurrent::last],
          .c = cell == Cell::lstm ? made[Recurrent::last_cells] : Value{}};
}

}  // namespace dl
