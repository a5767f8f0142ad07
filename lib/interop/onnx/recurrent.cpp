// Recurrent layers in ONNX, which has other gates first: those of an lstm are i o f c, of a gru z r h. Its node has the
// product of the inputs too; where that is not found before the operation, it gets the product's result and a unit
// matrix.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/recurrent.h"

#include "lib/base/error.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/interop/onnx/rows.h"
#include "lib/nn/recurrent.h"

namespace dl::onnx {
namespace {

const GraphNode& node_of(const Value& v) { return v.graph->node(v.node); }

const char* change_of(Cell cell) {
  switch (cell) {
    case Cell::lstm: return "gates i f g o -> i o f g";
    case Cell::gru: return "gates r z n -> z r n";
    default: return "one axis more";
  }
}

// Rows [gates hidden, columns] with the gates in ONNX's order.
std::vector<float> reordered(const std::vector<float>& rows, Cell cell) {
  const std::vector<int64_t> order = gates_in_onnx(cell);
  const size_t each = rows.size() / order.size();
  std::vector<float> out;
  out.reserve(rows.size());
  for (const int64_t gate : order) {
    const auto from = rows.begin() + static_cast<int64_t>(each) * gate;
    out.insert(out.end(), from, from + static_cast<int64_t>(each));
  }
  return out;
}

bool is_zero(const Value& v) {
  const GraphNode& node = node_of(v);
  const auto* constant = dynamic_cast<const BroadcastTo*>(node.op.get())
                             ? dynamic_cast<const Constant*>(node_of(node.inputs[0]).op.get())
                             : nullptr;
  return constant && constant->value == 0;
}

class RecurrentNode {
 public:
  RecurrentNode(Writer& w, const Step& step) : w_(w), step_(step), op_(dynamic_cast<const Recurrent&>(*step.node->op)) {
    const Shape& weight = step.inputs[step.op == "recurrent_layer" ? 2 : 1].shape();
    width_ = weight[0];
    hidden_ = weight[1];
  }

  void write() {
    const bool whole = step_.op == "recurrent_layer";
    const size_t weight = whole ? 2 : 1, states = weight + 1;
    const size_t behind = states + (op_.cell == Cell::lstm || op_.cell == Cell::gru ? 2 : 1);
    const bool gru = op_.cell == Cell::gru, lstm = op_.cell == Cell::lstm;
    std::vector<const Tensor*> biases;
    for (size_t i = behind; i < step_.inputs.size(); ++i) biases.push_back(tensor(i));
    const Tensor* of_state = gru && !is_zero(step_.inputs[states + 1]) ? tensor(states + 1) : nullptr;
    run({w_.in(step_.inputs[0], steps_first()), whole ? with_direction(*tensor(1)) : unit_matrix(),
         with_direction(*tensor(weight)), bias(biases, of_state), "", start(states), lstm ? start(states + 1) : ""});
  }

 private:
  // Of [batch, steps, features] in a tensor [steps, batch, features].
  static Order steps_first() { return {1, 0, 2}; }

  const Tensor* tensor(size_t input) const {
    const Tensor* found = w_.tensor_of(step_.inputs[input]);
    DL_CHECK(found, "a recurrent layer whose input ", input, " is computed");
    return found;
  }

  std::string with_direction(const Tensor& tensor) {
    return w_.made_of({{&tensor, change_of(op_.cell)}}, tensor.path, reordered(w_.weights(tensor), op_.cell),
                      {1, tensor.shape[0], tensor.shape[1]});
  }

  std::string unit_matrix() {
    std::vector<float> unit(static_cast<size_t>(width_ * width_), 0.0f);
    for (int64_t i = 0; i < width_; ++i) unit[static_cast<size_t>(i * width_ + i)] = 1;
    return w_.numbers("unit", reordered(unit, op_.cell), {1, width_, width_});
  }

  // Those of the inputs, then those of the states.
  std::string bias(const std::vector<const Tensor*>& of_inputs, const Tensor* of_state) {
    const std::vector<float> zeros(static_cast<size_t>(width_), 0.0f);
    std::vector<std::pair<const Tensor*, std::string>> made;
    std::vector<float> values;
    const auto add = [&](const Tensor* tensor) {
      if (tensor) made.emplace_back(tensor, change_of(op_.cell));
      const std::vector<float> part = tensor ? reordered(w_.weights(*tensor), op_.cell) : zeros;
      values.insert(values.end(), part.begin(), part.end());
    };
    add(of_inputs.empty() ? nullptr : of_inputs[0]);
    add(op_.cell == Cell::gru ? of_state : of_inputs.size() > 1 ? of_inputs[1] : nullptr);
    if (made.empty()) return {};
    return w_.made_of(made, made[0].first->path, values, {1, 2 * width_});
  }

  // The state before the first step, empty where it is 0.
  std::string start(size_t input) {
    const Value& state = step_.inputs[input];
    if (is_zero(state)) return {};
    return w_.add("Unsqueeze", {w_.as_is(state), w_.ints({0})});
  }

  void run(std::vector<std::string> inputs) {
    std::map<std::string, Attribute> attributes{{"hidden_size", hidden_},
                                                {"direction", std::string(op_.reverse ? "reverse" : "forward")}};
    if (op_.cell == Cell::gru) attributes["linear_before_reset"] = int64_t{1};
    if (op_.cell == Cell::rnn_relu) attributes["activations"] = std::vector<std::string>{"Relu"};
    const bool lstm = op_.cell == Cell::lstm;
    const char* name = lstm ? "LSTM" : op_.cell == Cell::gru ? "GRU" : "RNN";
    const auto made = w_.add_all(name, std::move(inputs), lstm ? 3 : 2, std::move(attributes));
    // y is [steps, directions, batch, hidden], a state [directions, batch, hidden].
    w_.hold(step_.outputs[Recurrent::y], w_.add("Squeeze", {made[0], w_.ints({1})}), steps_first());
    hold_state(Recurrent::last, made[1]);
    if (lstm) hold_state(Recurrent::last_cells, made[2]);
  }

  void hold_state(size_t output, const std::string& name) {
    if (w_.open().uses(step_.outputs[output]) > 0)
      w_.hold(step_.outputs[output], w_.add("Squeeze", {name, w_.ints({0})}));
  }

  Writer& w_;
  const Step& step_;
  const Recurrent& op_;
  int64_t hidden_ = 0, width_ = 0;
};

}  // namespace

void write_recurrent(Writer& w, const Step& step) { RecurrentNode(w, step).write(); }

}  // namespace dl::onnx
