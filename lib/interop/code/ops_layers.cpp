// Windows, attention, recurrence and norms as lines of Python: calls of functions that are written beside them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/pool.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/interop/code/ops_rows.h"

namespace dl::code {
namespace {

using enum Tie;

std::vector<int64_t> along(const Window& w, const Window::Axes& a) { return {a.begin(), a.begin() + w.rank}; }

std::string pads(const Window& w) {
  std::vector<std::string> ends;
  for (size_t i = 0; i < static_cast<size_t>(w.rank); ++i)
    ends.push_back(concat("(", w.pad_before[i], ", ", w.pad_after[i], ")"));
  return tuple(ends);
}

}  // namespace

void write_convolution(Expressions& w, const Step& step) {
  const std::string bias = step.inputs.size() > 2 ? w.in(step.inputs[2], loose) : "None";
  const std::string x = w.in(step.inputs[0], loose), weight = w.tensor(step.inputs[1]);
  if (const auto* op = dynamic_cast<const Convolution*>(step.node->op.get())) {
    const Window& window = op->window;
    w.give_call(step, w.call("conv", {x, weight, bias, tuple_of(along(window, window.stride)), pads(window),
                                      tuple_of(along(window, window.dilation)), std::to_string(op->groups)}));
    return;
  }
  const auto& op_t = op_of<ConvolutionGradInput>(step);
  const Window& window = op_t.window;
  std::vector<int64_t> output;
  for (int axis = 0; axis < window.rank; ++axis) output.push_back(op_t.input_shape[axis + 1]);
  w.give_call(step, w.call("conv_transpose",
                           {x, weight, bias, tuple_of(along(window, window.stride)), pads(window),
                            tuple_of(along(window, window.dilation)), std::to_string(op_t.groups), tuple_of(output)}));
}

void write_max_pool(Expressions& w, const Step& step) {
  const Window& window = op_of<MaxPool2d>(step).window;
  w.give_call(step, w.call("max_pool", {w.in(step.inputs[0], loose), tuple_of(along(window, window.size)),
                                        tuple_of(along(window, window.stride)), pads(window),
                                        tuple_of(along(window, window.dilation))}));
}

void write_avg_pool(Expressions& w, const Step& step) {
  const Window& window = op_of<Convolution>(step).window;
  w.give_call(step, w.call("avg_pool", {w.in(step.inputs[0], loose), tuple_of(along(window, window.size)),
                                        tuple_of(along(window, window.stride)), pads(window)}));
}

void write_attention(Expressions& w, const Step& step) {
  const AttentionOp::Spec& spec = op_of<AttentionOp>(step).spec;
  std::vector<Type> types;
  for (int i = 0; i < spec.tensors; ++i) types.push_back(step.inputs[static_cast<size_t>(i)].type());
  const AttentionParts parts = spec.parts(types);
  const auto part = [&](const AttentionParts::Part& p, int64_t heads) {
    const std::string from = w.in(step.inputs[p.tensor], tight);
    const int64_t width = heads * parts.head_dim;
    return width == p.stride ? from : concat(from, "[:, :, ", p.offset, ":", p.offset + width, "]");
  };
  std::vector<std::string> arguments{part(parts.q, spec.heads),     part(parts.k, spec.kv_heads),
                                     part(parts.v, spec.kv_heads),  std::to_string(spec.heads),
                                     std::to_string(spec.kv_heads), spec.causal ? "True" : "False"};
  if (spec.lengths) arguments.push_back(w.in(step.inputs[static_cast<size_t>(spec.tensors)], loose));
  w.give_call(step, w.call("attention", arguments));
}

void write_recurrent(Expressions& w, const Step& step) {
  const auto& op = op_of<Recurrent>(step);
  std::vector<std::string> arguments;
  for (const Value& v : step.inputs) arguments.push_back(w.in(v, loose));
  if (op.reverse) arguments.push_back("reverse=True");
  const char* names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
  const std::string y = w.new_name(), last = w.new_name(), cells = w.new_name();
  const bool lstm = op.cell == Cell::lstm;
  w.add_line(y + ", " + last + (lstm ? ", " + cells : "") + " = " +
             w.call(names[static_cast<int>(op.cell)], arguments));
  const auto hold = [&](Recurrent::Output output, const std::string& name) {
    Value v = step.outputs[0];
    v.output = output;
    w.hold(v, {name});
  };
  hold(Recurrent::y, y);
  hold(Recurrent::last, last);
  if (lstm) hold(Recurrent::last_cells, cells);
}

void write_batch_normalization(Expressions& w, const Step& step) {
  const auto v = [&](size_t i, Tie tie) { return w.in(step.inputs[i], tie); };
  w.give(step.outputs[0],
         {concat("(", v(0, sum), " - ", v(3, product), ") / ", w.np("sqrt", {v(4, sum) + " + " + number(step.number)}),
                 " * ", v(1, sign), " + ", v(2, product)),
          sum});
}

void write_layer_normalization(Expressions& w, const Step& step) {
  const std::string scaled =
      w.call("layer_norm", {w.in(step.inputs[0], loose), number(step.number)}) + " * " + w.in(step.inputs[1], sign);
  if (step.inputs.size() == 2) return w.give(step.outputs[0], {scaled, product});
  w.give(step.outputs[0], {scaled + " + " + w.in(step.inputs[2], product), sum});
}

void write_softmax(Expressions& w, const Step& step) {
  w.give_call(step, w.call("softmax", {w.in(step.inputs[0], loose)}));
}

void write_log_softmax(Expressions& w, const Step& step) {
  w.give_call(step, w.call("log_softmax", {w.in(step.inputs[0], loose)}));
}

void write_relu(Expressions& w, const Step& step) { w.give_call(step, w.call("relu", {w.in(step.inputs[0], loose)})); }

}  // namespace dl::code
