// The table, and rows of values, shapes, sums and products.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/ops.h"

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/concat.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/interop/code/ops_rows.h"

namespace dl::code {
namespace {

using enum Tie;

void write_leaf(Expressions& w, const Step& step) { w.of(step.outputs[0]); }

void write_constant(Expressions& w, const Step& step) {
  const std::string text = number(op_of<Constant>(step).value);
  w.hold(step.outputs[0], {text, text[0] == '-' ? sign : tight});
}

void write_iota(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().iota, {{"n", std::to_string(op_of<Iota>(step).n)}}));
}

void write_given_numbers(Expressions& w, const Step& step) {
  std::vector<std::string> texts;
  for (const float v : op_of<GivenNumbers>(step).values) texts.push_back(number(v));
  w.give_call(step, fill(w.dialect().array, {{"values", join(texts)}}));
}

void write_variable(Expressions& w, const Step& step) {
  if (op_of<VariableOp>(step).variable.role == Role::carried_in_evaluation)
    w.give_call(step, fill(w.dialect().zeros, {{"sizes", w.sizes(step.outputs[0].shape())}}));
  else
    write_leaf(w, step);
}

void write_random(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().random, {{"sizes", w.sizes(step.outputs[0].shape())}}));
}

void write_same(Expressions& w, const Step& step) { w.hold(step.outputs[0], w.of(step.inputs[0])); }

void write_cast(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().cast, {{"x", w.in(step.inputs[0], tight)}}));
}

void write_reshape(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().reshape,
                         {{"x", w.tensor(step.inputs[0])}, {"sizes", w.sizes_but_batch(step.outputs[0].shape())}}));
}

void write_transpose(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().transpose,
                         {{"x", w.in(step.inputs[0], tight)}, {"order", tuple_of(op_of<Transpose>(step).order)}}));
}

void write_broadcast(Expressions& w, const Step& step) {
  w.give_call(step, fill(w.dialect().broadcast,
                         {{"x", w.tensor(step.inputs[0])}, {"sizes", w.sizes(step.outputs[0].shape())}}));
}

void write_view(Expressions& w, const Step& step) {
  const View& view = op_of<View>(step);
  const auto* flat = dynamic_cast<const VariableOp*>(step.inputs[0].graph->node(step.inputs[0].node).op.get());
  if (flat && flat->variable.role == Role::parameter) return write_leaf(w, step);
  const std::string part =
      concat(w.in(step.inputs[0], tight), "[", view.offset, ":", view.offset + view.shape.elements(), "]");
  w.give_call(step, fill(w.dialect().reshape, {{"x", part}, {"sizes", w.sizes_but_batch(view.shape)}}));
}

void write_pack(Expressions& w, const Step& step) {
  const Pack& pack = op_of<Pack>(step);
  std::vector<std::string> parts;
  int64_t end = 0;
  const auto gap = [&](int64_t to) {
    if (to > end) parts.push_back(fill(w.dialect().zeros, {{"sizes", tuple({std::to_string(to - end)})}}));
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    gap(pack.offsets[i]);
    parts.push_back(fill(w.dialect().reshape, {{"x", w.in(step.inputs[i], tight)}, {"sizes", "(-1,)"}}));
    end = pack.offsets[i] + step.inputs[i].shape().elements();
  }
  gap(pack.size);
  w.give_call(step, fill(w.dialect().concat, {{"parts", join(parts)}, {"axis", "0"}}));
}

void write_concatenate(Expressions& w, const Step& step) {
  std::vector<std::string> parts;
  for (const Value& part : step.inputs) parts.push_back(w.in(part, loose));
  w.give_call(step,
              fill(w.dialect().concat, {{"parts", join(parts)}, {"axis", std::to_string(op_of<Concat>(step).axis)}}));
}

void write_slice(Expressions& w, const Step& step) {
  const Slice& slice = op_of<Slice>(step);
  std::string places;
  for (int axis = 0; axis < slice.axis; ++axis) places += ":, ";
  w.give_call(step, concat(w.in(step.inputs[0], tight), "[", places, slice.begin, ":", slice.begin + slice.size, "]"));
}

void reduced(Expressions& w, const Step& step, const std::string& form, const std::vector<int>& axes) {
  w.give_call(step, fill(form, {{"x", w.in(step.inputs[0], tight)}, {"axes", tuple_of(axes)}}));
}

void write_reduce_sum(Expressions& w, const Step& step) { reduced(w, step, w.dialect().sum, op_of<Reduce>(step).axes); }

void write_reduce_max(Expressions& w, const Step& step) { reduced(w, step, w.dialect().max, op_of<Reduce>(step).axes); }

void write_reduce_mean(Expressions& w, const Step& step) {
  reduced(w, step, w.dialect().mean, op_of<Reduce>(step).axes);
}

void write_moments(Expressions& w, const Step& step) {
  const std::string axes = tuple_of(op_of<MomentsOp>(step).axes), x = w.in(step.inputs[0], product);
  w.give(step.outputs[0], {fill(w.dialect().mean, {{"x", w.in(step.inputs[0], tight)}, {"axes", axes}}), tight});
  const std::string centered = concat("(", x, " - ", w.in(step.outputs[0], product), ")");
  w.give(step.outputs[1], {fill(w.dialect().mean, {{"x", concat("(", centered, " ** 2)")}, {"axes", axes}}), tight});
}

void write_matmul(Expressions& w, const Step& step) {
  const MatMul& op = op_of<MatMul>(step);
  const auto operand = [&](const Value& v, bool transposed) {
    return transposed ? fill(w.dialect().transpose, {{"x", w.in(v, tight)}, {"order", "(1, 0)"}}) : w.in(v, sign);
  };
  w.give(step.outputs[0],
         {operand(step.inputs[0], op.transpose_a) + " @ " + operand(step.inputs[1], op.transpose_b), product});
}

void write_linear(Expressions& w, const Step& step) {
  const std::string weight = fill(w.dialect().transpose, {{"x", w.in(step.inputs[1], tight)}, {"order", "(1, 0)"}});
  w.give(step.outputs[0], {w.in(step.inputs[0], sign) + " @ " + weight + " + " + w.in(step.inputs[2], product), sum});
}

void write_batched_matmul(Expressions& w, const Step& step) {
  const std::string b = fill(w.dialect().transpose, {{"x", w.in(step.inputs[1], tight)}, {"order", "(0, 2, 1)"}});
  w.give(step.outputs[0], {w.in(step.inputs[0], sign) + " @ " + b, product});
}

void write_embedding(Expressions& w, const Step& step) {
  w.give_call(step, w.call("rows_of", {w.in(step.inputs[0], loose), w.in(step.inputs[1], loose)}));
}

const std::map<std::string_view, Row>& rows() {
  static const std::map<std::string_view, Row> table{{"input", write_leaf},
                                                     {"variable", write_variable},
                                                     {"constant", write_constant},
                                                     {"iota", write_iota},
                                                     {"numbers", write_given_numbers},
                                                     {"random_uniform", write_random},
                                                     {"map", write_map},
                                                     {"stop_gradient", write_same},
                                                     {"cast", write_cast},
                                                     {"reshape", write_reshape},
                                                     {"transpose", write_transpose},
                                                     {"broadcast_to", write_broadcast},
                                                     {"view", write_view},
                                                     {"pack", write_pack},
                                                     {"concat", write_concatenate},
                                                     {"slice", write_slice},
                                                     {"reduce_sum", write_reduce_sum},
                                                     {"reduce_max", write_reduce_max},
                                                     {"reduce_mean", write_reduce_mean},
                                                     {"moments", write_moments},
                                                     {"matmul", write_matmul},
                                                     {"linear", write_linear},
                                                     {"batched_matmul", write_batched_matmul},
                                                     {"embedding", write_embedding},
                                                     {"convolution", write_convolution},
                                                     {"convolution_grad_input", write_convolution},
                                                     {"biased_convolution", write_convolution},
                                                     {"max_pool2d", write_max_pool},
                                                     {"avg_pool2d", write_avg_pool},
                                                     {"attention", write_attention},
                                                     {"recurrent", write_recurrent},
                                                     {"batch_normalization", write_batch_normalization},
                                                     {"layer_normalization", write_layer_normalization},
                                                     {"softmax", write_softmax},
                                                     {"log_softmax", write_log_softmax},
                                                     {"relu", write_relu}};
  return table;
}

}  // namespace

OpsText write_ops(const OpenGraph& open, const Dialect& dialect,
                  const std::function<std::string(const Value&)>& name_of) {
  Expressions expressions(open, dialect, name_of);
  const std::vector<Step> steps = steps_of(open, [](std::string_view op) { return rows().contains(op); });
  for (const Step& step : steps) {
    const auto row = rows().find(step.op);
    DL_CHECK(row != rows().end(), "no code for ", step.op);
    row->second(expressions, step);
  }
  return expressions.text();
}

std::vector<std::string_view> known_operations() {
  std::vector<std::string_view> names;
  for (const auto& [name, row] : rows()) names.push_back(name);
  return names;
}

}  // namespace dl::code
