// ONNX's recurrent layers: gates are in another order there, the steps before the batch.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/taken.h"

namespace dl::onnx {
namespace {

// Which of ONNX's gates stands at each of ours: i o f c, as ours i f g o; z r h, as ours r z n.
struct Gates {
  Cell cell;
  std::vector<int64_t> theirs;
};

// Whether the node's functions are these in each direction; where it says none it has ONNX's own.
bool has_functions(const ReadNode& node, const std::vector<std::string>& wanted, bool are_usual) {
  const auto found = node.attributes.find("activations");
  if (found == node.attributes.end()) return are_usual;
  const auto* said = std::get_if<std::vector<std::string>>(&found->second);
  if (!said) return false;
  for (size_t i = 0; i < said->size(); ++i)
    if ((*said)[i] != wanted[i % wanted.size()]) return false;
  return true;
}

Gates gates_of(Taking& t, const ReadNode& node) {
  if (t.has_attribute(node, "clip")) t.fail(node, "has 'clip', which there is no layer for here");
  if (t.attribute<int64_t>(node, "input_forget", 0) != 0)
    t.fail(node, "has 'input_forget', which there is no layer for here");
  const std::string other = "has other functions than a layer here: sigmoid and tanh, or relu in an RNN";
  if (node.op == "LSTM") {
    if (!has_functions(node, {"Sigmoid", "Tanh", "Tanh"}, true)) t.fail(node, other);
    return {Cell::lstm, {0, 2, 3, 1}};
  }
  if (node.op == "GRU") {
    if (t.attribute<int64_t>(node, "linear_before_reset", 0) == 0)
      t.fail(node, "resets the state before the product, which there is no layer for here",
             "export it with linear_before_reset, as PyTorch's and Keras's default are");
    if (!has_functions(node, {"Sigmoid", "Tanh"}, true)) t.fail(node, other);
    return {Cell::gru, {1, 0, 2}};
  }
  if (has_functions(node, {"Relu"}, false)) return {Cell::rnn_relu, {0}};
  if (!has_functions(node, {"Tanh"}, true)) t.fail(node, other);
  return {Cell::rnn_tanh, {0}};
}

// Rows of a direction [gates * hidden, width], or of a bias (width 1), in our order of gates.
std::vector<float> ordered(const std::vector<float>& values, int64_t begin, const Gates& gates, int64_t hidden,
                           int64_t width) {
  std::vector<float> out;
  const int64_t all = times(times(static_cast<int64_t>(gates.theirs.size()), hidden), width);
  if (plus(begin, all) > static_cast<int64_t>(values.size())) return out;  // which are not as many as expected
  for (const int64_t gate : gates.theirs) {
    const auto from = values.begin() + begin + gate * hidden * width;
    out.insert(out.end(), from, from + hidden * width);
  }
  return out;
}

// Of an input that holds the weights of all directions, those of one, in our order of gates.
struct GateRows {
  size_t input;
  Shape all;  // as the input is: [directions, rows, width], or [directions, rows] of biases
  int64_t direction, begin;
  Shape shape;  // ours: [gates * hidden, width], or [gates * hidden]
  std::string suffix;
};

// A parameter where the file holds them, else put together of what other nodes make.
Value gate_rows(Taking& t, const ReadNode& node, const Gates& gates, int64_t hidden, const GateRows& rows) {
  if (!t.at(node, rows.input).value)
    return t.parameter(node, rows.input, rows.suffix, rows.shape, [&](const std::vector<float>& values) {
      const int64_t width = rows.all.rank() == 3 ? rows.all[2] : 1;
      const int64_t begin = times(plus(times(rows.direction, rows.all[1]), rows.begin), width);
      return ordered(values, begin, gates, hidden, width);
    });
  const Value value = t.value(node, rows.input);
  if (value.shape() != rows.all)
    t.fail(node, concat("input ", rows.input, " is ", value.shape().text(), ", expected ", rows.all.text()));
  const Value direction = slice(as_f32(value), 0, rows.direction, 1);
  std::vector<Value> parts;
  for (const int64_t gate : gates.theirs) parts.push_back(slice(direction, 1, rows.begin + gate * hidden, hidden));
  return reshape(parts.size() == 1 ? parts[0] : concatenate(std::move(parts), 1), rows.shape);
}

bool holds_zeros(Taking& t, const ReadNode& node, size_t input) {
  return !t.at(node, input).value && std::ranges::all_of(t.floats(node, input), [](float v) { return v == 0; });
}

void take_recurrent(Taking& t, const ReadNode& node) {
  const Gates gates = gates_of(t, node);
  const int64_t hidden = t.attribute<int64_t>(node, "hidden_size", 0),
                count = static_cast<int64_t>(gates.theirs.size());
  if (hidden < 1) t.fail(node, "does not say 'hidden_size'");
  const std::string direction = t.attribute<std::string>(node, "direction", "forward");
  const int64_t directions = direction == "bidirectional" ? 2 : 1;
  if (t.at(node, 0).rank() != 3)
    t.fail(node, concat("expected [steps, batch, features], got ", t.at(node, 0).rank(), " axes"));
  if (t.has(node, 4)) {  // steps of each sequence
    const Taken& lengths = t.at(node, 4);
    const int64_t steps = t.at(node, 0).sizes()[0];
    if (lengths.value || std::ranges::any_of(t.integers(node, 4), [&](int64_t n) { return n != steps; }))
      t.fail(node, "takes sequences of different lengths, which are not known here");
  }
  if (t.has(node, 7)) t.fail(node, "has weights from the cell to the gates, which there is no layer for here");
  const bool batch_first = t.attribute<int64_t>(node, "layout", 0) != 0;
  const AxisOrder order = batch_first ? AxisOrder{0, 1, 2} : AxisOrder{1, 0, 2};
  const Value x = as_f32(t.in_order(node, 0, order));  // [batch, steps, features]
  const int64_t batch = x.shape()[0], features = x.shape()[2], rows = times(count, hidden);
  std::vector<Value> all, last, cells;
  for (int64_t d = 0; d < directions; ++d) {
    const bool reverse = direction == "reverse" || d == 1;
    const std::string suffix = d == 1 ? "_reverse" : "_forward";
    const auto rows_of = [&](size_t input, Shape theirs, int64_t begin, Shape shape, const std::string& name) {
      return gate_rows(t, node, gates, hidden, {input, std::move(theirs), d, begin, std::move(shape), name + suffix});
    };
    const Value w = rows_of(1, {directions, rows, features}, 0, {rows, features}, ""),
                r = rows_of(2, {directions, rows, hidden}, 0, {rows, hidden}, "");
    Value gate = matmul(x, w, false, true);
    RecurrentStart start;
    if (t.has(node, 3)) {
      const auto bias = [&](int64_t begin, const char* name) {
        return rows_of(3, {directions, times(2, rows)}, begin * rows, {rows}, name);
      };
      gate = gate + bias(0, "_input");
      if (gates.cell == Cell::gru)
        start.bias = bias(1, "_state");
      else
        gate = gate + bias(1, "_state");
    }
    const auto begin = [&](size_t input) {
      const Value zero = broadcast_to(constant(t.graph(), 0), {batch, hidden});
      if (!t.has(node, input)) return zero;
      const int axes = t.at(node, input).rank();
      if (axes != 3)
        t.fail(node, concat("input ", input, " has ", axes, " axes, expected [directions, batch, hidden]"));
      // Zeros are where a layer begins that is given nothing, and no weights, of whatever batch they were written.
      if (holds_zeros(t, node, input)) return zero;
      Value value = t.in_order(node, input, batch_first ? AxisOrder{1, 0, 2} : AxisOrder{0, 1, 2});
      if (value.shape()[1] == 1 && batch > 1)  // the same for all samples
        value = broadcast_to(value, {value.shape()[0], batch, value.shape()[2]});
      if (value.shape() != Shape{directions, batch, hidden})
        t.fail(node,
               concat("input ", input, " is ", value.shape().text(), ", expected ",
                      Shape{directions, batch, hidden}.text()),
               !t.at(node, input).value && value.shape()[1] == t.traced_batch() ? with_open_batch : "");
      return reshape(slice(as_f32(value), 0, d, 1), {batch, hidden});
    };
    start.h = begin(5);
    if (gates.cell == Cell::lstm) start.c = begin(6);
    if (gates.cell == Cell::gru && !start.bias) start.bias = broadcast_to(constant(t.graph(), 0), {rows});
    const States states = recurrent(gates.cell, gate, r, start, reverse);
    all.push_back(reshape(states.y, {batch, x.shape()[1], 1, hidden}));
    last.push_back(reshape(states.h, {batch, 1, hidden}));
    if (states.c) cells.push_back(reshape(states.c, {batch, 1, hidden}));
  }
  const auto joined = [](std::vector<Value> parts, int axis) {
    return parts.size() == 1 ? parts[0] : concatenate(std::move(parts), axis);
  };
  // Y is [steps, directions, batch, hidden]; with the batch first [batch, steps, directions, hidden].
  t.give(node, 0, joined(all, 2), batch_first ? AxisOrder{0, 1, 2, 3} : AxisOrder{2, 0, 1, 3});
  const AxisOrder state_order = batch_first ? AxisOrder{0, 1, 2} : AxisOrder{1, 0, 2};
  t.give(node, 1, joined(last, 1), state_order);
  if (!cells.empty()) t.give(node, 2, joined(cells, 1), state_order);
}

}  // namespace

const TakeTable& recurrent_nodes() {
  static const TakeTable table = {{"GRU", take_recurrent}, {"LSTM", take_recurrent}, {"RNN", take_recurrent}};
  return table;
}

}  // namespace dl::onnx
