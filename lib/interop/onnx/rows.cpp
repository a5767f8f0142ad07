// The table, and rows of a few nodes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx/rows.h"

#include <algorithm>
#include <numeric>

#include "lib/base/error.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/concat.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"

namespace dl::onnx {
namespace {

template <class T>
const T& op_of(const Step& step) {
  return dynamic_cast<const T&>(*step.node->op);
}

// Where an axis of the value stands in a tensor of that order.
int64_t place(const Order& order, int axis) { return order[static_cast<size_t>(axis)]; }

std::vector<int64_t> places(const Order& order, const std::vector<int>& axes) {
  std::vector<int64_t> found;
  for (const int axis : axes) found.push_back(place(order, axis));
  std::ranges::sort(found);
  return found;
}

void write_constant(Writer& w, const Step& step) { w.hold(step.outputs[0], w.number(op_of<Constant>(step).value)); }

void write_iota(Writer& w, const Step& step) {
  std::vector<float> values(static_cast<size_t>(op_of<Iota>(step).n));
  std::iota(values.begin(), values.end(), 0.0f);
  w.hold(step.outputs[0], w.numbers("iota", values, step.outputs[0].shape()));
}

void write_numbers(Writer& w, const Step& step) {
  w.hold(step.outputs[0], w.numbers("numbers", op_of<GivenNumbers>(step).values, step.outputs[0].shape()));
}

// What is carried from batch to batch is 0 where the first begins. Other variables are written where they are read.
void write_variable(Writer& w, const Step& step) {
  if (op_of<VariableOp>(step).variable.role != Role::carried_in_evaluation) return;
  w.hold(step.outputs[0], w.add("Expand", {w.number(0), w.sizes_for_expand({}, step.outputs[0].shape())}));
}

void write_random(Writer& w, const Step& step) {
  const std::string like = w.add("Expand", {w.number(0), w.sizes_for_expand({}, step.outputs[0].shape())});
  w.hold(step.outputs[0], w.add("RandomUniformLike", {like}));
}

void write_same(Writer& w, const Step& step) {
  w.as_is(step.inputs[0]);  // so that there is something to be held
  w.hold_as(step.outputs[0], step.inputs[0]);
}

void write_cast(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  const Type& type = step.outputs[0].type();
  w.hold(step.outputs[0],
         w.add("Cast", {w.in(step.inputs[0], order)}, {{"to", static_cast<int64_t>(w.element_of(type.dtype))}}), order);
}

void write_reshape(Writer& w, const Step& step) {
  const Value& y = step.outputs[0];
  w.hold(y, w.add("Reshape", {w.in_memory_order(step.inputs[0]), w.sizes_for_reshape(y.shape())}));
}

// No node: the same tensor with its axes named otherwise.
void write_transpose(Writer& w, const Step& step) {
  const Order from = w.order_of(step.inputs[0]);
  const std::string name = w.in(step.inputs[0], from);
  Order order;
  for (const int axis : op_of<Transpose>(step).order) order.push_back(from[static_cast<size_t>(axis)]);
  w.hold(step.outputs[0], name, order);
}

void write_broadcast(Writer& w, const Step& step) {
  const Shape &from = step.inputs[0].shape(), &to = step.outputs[0].shape();
  w.hold(step.outputs[0], w.add("Expand", {w.as_is(step.inputs[0]), w.sizes_for_expand(from, to)}));
}

void write_view(Writer& w, const Step& step) {
  if (w.tensor_of(step.outputs[0])) return;  // a parameter, written where it is read
  const View& view = op_of<View>(step);
  const int64_t end = view.offset + view.shape.elements();
  std::string name = w.as_is(step.inputs[0]);
  if (end - view.offset != step.inputs[0].shape()[0])
    name = w.add("Slice", {name, w.ints({view.offset}), w.ints({end}), w.ints({0})});
  w.hold(step.outputs[0], w.add("Reshape", {name, w.sizes_for_reshape(view.shape)}));
}

void write_pack(Writer& w, const Step& step) {
  const Pack& pack = op_of<Pack>(step);
  std::vector<std::string> parts;
  int64_t end = 0;
  const auto gap = [&](int64_t to) {
    if (to > end) parts.push_back(w.add("Expand", {w.number(0), w.ints({to - end})}));
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    gap(pack.offsets[i]);
    parts.push_back(w.add("Reshape", {w.as_is(step.inputs[i]), w.ints({-1})}));
    end = pack.offsets[i] + step.inputs[i].shape().elements();
  }
  gap(pack.size);
  w.hold(step.outputs[0], w.add("Concat", parts, {{"axis", int64_t{0}}}));
}

void write_concat(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  std::vector<std::string> parts;
  for (const Value& part : step.inputs) parts.push_back(w.in(part, order));
  w.hold(step.outputs[0], w.add("Concat", parts, {{"axis", place(order, op_of<Concat>(step).axis)}}), order);
}

void write_slice(Writer& w, const Step& step) {
  const Slice& slice = op_of<Slice>(step);
  const Order order = w.order_of(step.inputs[0]);
  w.hold(step.outputs[0],
         w.add("Slice", {w.in(step.inputs[0], order), w.ints({slice.begin}), w.ints({slice.begin + slice.size}),
                         w.ints({place(order, slice.axis)})}),
         order);
}

void write_reduce_sum(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  w.hold(step.outputs[0],
         w.add("ReduceSum", {w.as_float(step.inputs[0], order), w.ints(places(order, op_of<Reduce>(step).axes))}),
         order);
}

std::string reduced(Writer& w, const std::string& op, const std::string& x, const std::vector<int64_t>& axes) {
  return w.add(op, {x}, {{"axes", axes}});
}

void write_reduce_max(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  w.hold(step.outputs[0],
         reduced(w, "ReduceMax", w.as_float(step.inputs[0], order), places(order, op_of<Reduce>(step).axes)), order);
}

// The mean of each channel has a name of its own.
void write_reduce_mean(Writer& w, const Step& step) {
  const Value& x = step.inputs[0];
  const std::vector<int>& axes = op_of<Reduce>(step).axes;
  const int rank = x.shape().rank();
  const Order first = channels_first(rank);
  const bool global = rank >= 4 && static_cast<int>(axes.size()) == rank - 2 && axes.front() == 1 &&
                      axes.back() == rank - 2 && w.order_of(x) == first;
  if (global) return w.hold(step.outputs[0], w.add("GlobalAveragePool", {w.in(x, first)}), first);
  const Order order = w.order_of(x);
  w.hold(step.outputs[0], reduced(w, "ReduceMean", w.as_float(x, order), places(order, axes)), order);
}

void write_moments(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  const std::string x = w.as_float(step.inputs[0], order);
  const std::vector<int64_t> axes = places(order, op_of<MomentsOp>(step).axes);
  const std::string mean = reduced(w, "ReduceMean", x, axes), centered = w.add("Sub", {x, mean});
  w.hold(step.outputs[0], mean, order);
  w.hold(step.outputs[1], reduced(w, "ReduceMean", w.add("Mul", {centered, centered}), axes), order);
}

std::string gemm(Writer& w, const MatMul& op, const Value& a, const Value& b, const std::string& bias) {
  return w.add("Gemm", {w.as_float(a, as_it_is(2)), w.as_float(b, as_it_is(2)), bias},
               {{"transA", int64_t{op.transpose_a}}, {"transB", int64_t{op.transpose_b}}});
}

std::string product(Writer& w, const MatMul& op, const Value& a, const Value& b) {
  if (a.shape().rank() == 2) return gemm(w, op, a, b, {});
  return w.add("MatMul",
               {w.as_float(a, as_it_is(a.shape().rank())), w.in(b, op.transpose_b ? Order{1, 0} : Order{0, 1})});
}

void write_matmul(Writer& w, const Step& step) {
  w.hold(step.outputs[0], product(w, op_of<MatMul>(step), step.inputs[0], step.inputs[1]));
}

void write_linear(Writer& w, const Step& step) {
  const MatMul& op = op_of<MatMul>(step);
  const std::string bias = w.as_float(step.inputs[2], as_it_is(1));
  const bool matrix = step.inputs[0].shape().rank() == 2;
  w.hold(step.outputs[0], matrix ? gemm(w, op, step.inputs[0], step.inputs[1], bias)
                                 : w.add("Add", {product(w, op, step.inputs[0], step.inputs[1]), bias}));
}

void write_batched_matmul(Writer& w, const Step& step) {
  w.hold(step.outputs[0],
         w.add("MatMul", {w.as_float(step.inputs[0], {0, 1, 2}), w.as_float(step.inputs[1], {0, 2, 1})}));
}

void write_embedding(Writer& w, const Step& step) {
  const std::string table = w.as_is(step.inputs[0]), rows = w.as_is(step.inputs[1]);
  w.hold(step.outputs[0], w.add("Gather", {table, rows}, {{"axis", int64_t{0}}}));
}

void write_batch_normalization(Writer& w, const Step& step) {
  const Order order = channels_first(step.inputs[0].shape().rank());
  std::vector<std::string> inputs{w.as_float(step.inputs[0], order)};
  for (size_t i = 1; i < step.inputs.size(); ++i) inputs.push_back(w.as_is(step.inputs[i]));
  w.hold(step.outputs[0], w.add("BatchNormalization", inputs, {{"epsilon", static_cast<float>(step.number)}}), order);
}

void write_layer_normalization(Writer& w, const Step& step) {
  std::vector<std::string> inputs;
  for (const Value& v : step.inputs) inputs.push_back(w.as_float(v, as_it_is(v.shape().rank())));
  w.hold(step.outputs[0],
         w.add("LayerNormalization", inputs, {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(step.number)}}));
}

template <const char* const& op>
void write_over_features(Writer& w, const Step& step) {
  const Value& x = step.inputs[0];
  const Order order = w.order_of(x);
  w.hold(step.outputs[0], w.add(op, {w.as_float(x, order)}, {{"axis", place(order, x.shape().rank() - 1)}}), order);
}
constexpr const char *softmax = "Softmax", *log_softmax = "LogSoftmax";

void write_relu(Writer& w, const Step& step) {
  const Order order = w.order_of(step.inputs[0]);
  w.hold(step.outputs[0], w.add("Relu", {w.as_float(step.inputs[0], order)}), order);
}

// An input is held before the first step.
void write_nothing(Writer&, const Step&) {}

}  // namespace

const std::map<std::string_view, Row>& rows() {
  static const std::map<std::string_view, Row> table{
      {"input", write_nothing},
      {"variable", write_variable},
      {"constant", write_constant},
      {"iota", write_iota},
      {"numbers", write_numbers},
      {"random_uniform", write_random},
      {"map", write_map},
      {"stop_gradient", write_same},
      {"cast", write_cast},
      {"reshape", write_reshape},
      {"transpose", write_transpose},
      {"broadcast_to", write_broadcast},
      {"view", write_view},
      {"pack", write_pack},
      {"concat", write_concat},
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
      {"convolution_grad_input", write_transposed_convolution},
      {"biased_convolution", write_biased_convolution},
      {"max_pool2d", write_max_pool},
      {"avg_pool2d", write_avg_pool},
      {"attention", write_attention},
      {"recurrent", write_recurrent},
      {"recurrent_layer", write_recurrent},
      {"batch_normalization", write_batch_normalization},
      {"layer_normalization", write_layer_normalization},
      {"softmax", write_over_features<softmax>},
      {"log_softmax", write_over_features<log_softmax>},
      {"relu", write_relu},
  };
  return table;
}

}  // namespace dl::onnx
