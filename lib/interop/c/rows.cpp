// Each operation as statements of C: calls of functions that lie beside, or loops written out.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/loop.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/concat.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/pool.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/interop/c/loop_text.h"
#include "lib/interop/c/writer.h"

namespace dl::c {
namespace {

using Outputs = std::vector<Value>;

std::string text(int64_t n) { return std::to_string(n); }

template <class T>
const T& as(const GraphNode& node) {
  return dynamic_cast<const T&>(*node.op);
}

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  return strides;
}

// Of an operand that is repeated to a shape: 0 along the axes where it is.
std::vector<int64_t> strides_in(const Shape& operand, const Shape& shape) {
  const std::vector<int64_t> own = strides_of(operand);
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 0);
  const int lead = shape.rank() - operand.rank();
  for (int axis = std::max(lead, 0); axis < shape.rank(); ++axis)
    if (operand[axis - lead] != 1) strides[static_cast<size_t>(axis)] = own[static_cast<size_t>(axis - lead)];
  return strides;
}

std::string place(const std::vector<int64_t>& strides) {
  std::string sum;
  for (size_t i = 0; i < strides.size(); ++i)
    if (strides[i] != 0)
      sum += concat(sum.empty() ? "" : " + ", "i", i, strides[i] == 1 ? "" : concat(" * ", strides[i]));
  return sum.empty() ? "0" : sum;
}

// Loops over a shape around a statement, which has i0, i1, …
std::string nest(const Shape& shape, const std::string& statement) {
  std::string loops;
  for (int axis = 0; axis < shape.rank(); ++axis)
    loops += concat("for (long i", axis, " = 0; i", axis, " < ", shape[axis], "; ++i", axis, ") ");
  return loops + statement + "\n";
}

void copy(Writer& w, const std::string& from, const std::string& to, int64_t n) {
  w.statement(concat("memcpy(", to, ", ", from, ", ", n, " * sizeof(float));\n"));
}

void nothing(Writer&, const GraphNode&, const Outputs&) {}

void variable(Writer& w, const GraphNode& node, const Outputs& y) {
  if (as<VariableOp>(node).variable.role == Role::carried_in_evaluation)
    w.statement(concat("memset(", w.pointer(y[0]), ", 0, ", y[0].shape().elements(), " * sizeof(float));\n"));
}

void constant(Writer& w, const GraphNode& node, const Outputs& y) {
  w.statement(w.pointer(y[0]) + "[0] = " + literal(as<Constant>(node).value) + ";\n");
}

void iota(Writer& w, const GraphNode& node, const Outputs& y) {
  w.statement(concat("for (long i = 0; i < ", as<Iota>(node).n, "; ++i) ", w.pointer(y[0]), "[i] = (float)i;\n"));
}

void given_numbers(Writer& w, const GraphNode& node, const Outputs& y) {
  std::vector<std::string> values;
  for (const float v : as<GivenNumbers>(node).values) values.push_back(literal(v));
  w.statement("{ static const float n[] = {" + join(values) + "};\n");
  copy(w, "n", w.pointer(y[0]), y[0].shape().elements());
  w.statement("}\n");
}

void random(Writer& w, const GraphNode&, const Outputs& y) {
  w.statement(
      concat("for (long i = 0; i < ", y[0].shape().elements(), "; ++i) ", w.pointer(y[0]), "[i] = uniform();\n"));
}

void cast(Writer& w, const GraphNode& node, const Outputs& y) {
  w.statement(concat("for (long i = 0; i < ", y[0].shape().elements(), "; ++i) ", w.pointer(y[0]), "[i] = (float)",
                     w.pointer(node.inputs[0]), "[i];\n"));
}

void map(Writer& w, const GraphNode& node, const Outputs& y) {
  std::vector<std::string> operands;
  for (const Value& v : node.inputs)
    operands.push_back("(float)" + w.pointer(v) + "[" + place(strides_in(v.shape(), y[0].shape())) + "]");
  w.statement(nest(y[0].shape(), w.pointer(y[0]) + "[" + place(strides_of(y[0].shape())) +
                                     "] = " + function_text(as<Map>(node).function, operands) + ";"));
}

void moved(Writer& w, const Value& x, const std::vector<int64_t>& strides, const Value& y) {
  w.statement(nest(y.shape(), w.pointer(y) + "[" + place(strides_of(y.shape())) + "] = " + w.pointer(x) + "[" +
                                  place(strides) + "];"));
}

void transpose(Writer& w, const GraphNode& node, const Outputs& y) {
  const std::vector<int64_t> own = strides_of(node.inputs[0].shape());
  std::vector<int64_t> strides;
  for (const int axis : as<Transpose>(node).order) strides.push_back(own[static_cast<size_t>(axis)]);
  moved(w, node.inputs[0], strides, y[0]);
}

void broadcast(Writer& w, const GraphNode& node, const Outputs& y) {
  moved(w, node.inputs[0], strides_in(node.inputs[0].shape(), y[0].shape()), y[0]);
}

void pack(Writer& w, const GraphNode& node, const Outputs& y) {
  const Pack& op = as<Pack>(node);
  w.statement(concat("memset(", w.pointer(y[0]), ", 0, ", op.size, " * sizeof(float));\n"));
  for (size_t i = 0; i < node.inputs.size(); ++i)
    copy(w, w.pointer(node.inputs[i]), concat(w.pointer(y[0]), " + ", op.offsets[i]),
         node.inputs[i].shape().elements());
}

// Elements of a tensor before, along and behind an axis.
struct Around {
  Around(const Shape& shape, int axis) : along(shape[axis]) {
    for (int i = 0; i < axis; ++i) before *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) behind *= shape[i];
  }
  int64_t before = 1, along, behind = 1;
};

void concatenate(Writer& w, const GraphNode& node, const Outputs& y) {
  const int axis = as<Concat>(node).axis;
  const Around all(y[0].shape(), axis);
  int64_t begin = 0;
  for (const Value& part : node.inputs) {
    const int64_t run = part.shape()[axis] * all.behind;
    w.statement(concat("for (long i = 0; i < ", all.before, "; ++i) "));
    copy(w, concat(w.pointer(part), " + i * ", run),
         concat(w.pointer(y[0]), " + i * ", all.along * all.behind, " + ", begin), run);
    begin += run;
  }
}

void slice(Writer& w, const GraphNode& node, const Outputs& y) {
  const Slice& op = as<Slice>(node);
  const Around all(node.inputs[0].shape(), op.axis);
  w.statement(concat("for (long i = 0; i < ", all.before, "; ++i) "));
  copy(w, concat(w.pointer(node.inputs[0]), " + i * ", all.along * all.behind, " + ", op.begin * all.behind),
       concat(w.pointer(y[0]), " + i * ", op.size * all.behind), op.size * all.behind);
}

void reduce(Writer& w, const GraphNode& node, const Outputs& y) {
  const Reduce& op = as<Reduce>(node);
  const bool sums = op.kind == Reduce::Kind::sum;
  const Shape& x = node.inputs[0].shape();
  const std::string to = w.pointer(y[0]) + "[" + place(strides_in(y[0].shape(), x)) + "]",
                    from = w.pointer(node.inputs[0]) + "[" + place(strides_of(x)) + "]";
  w.statement(concat("for (long i = 0; i < ", y[0].shape().elements(), "; ++i) ", w.pointer(y[0]),
                     "[i] = ", sums ? "0" : "-INFINITY", ";\n"));
  w.statement(nest(x, sums ? to + " += " + from + ";" : to + " = larger(" + to + ", " + from + ");"));
}

void moments(Writer& w, const GraphNode& node, const Outputs& y) {
  const Shape &x = node.inputs[0].shape(), &small = y[0].shape();
  const int64_t n = small.elements();
  const std::string at = "[" + place(strides_in(small, x)) + "]", mean = w.pointer(y[0]), variance = w.pointer(y[1]),
                    from = w.pointer(node.inputs[0]) + "[" + place(strides_of(x)) + "]";
  const std::string share = literal(static_cast<double>(n) / static_cast<double>(x.elements()));
  for (const std::string& to : {mean, variance}) w.statement(concat("memset(", to, ", 0, ", n, " * sizeof(float));\n"));
  w.statement(nest(x, mean + at + " += " + from + ";"));
  w.statement(concat("for (long i = 0; i < ", n, "; ++i) ", mean, "[i] *= ", share, ";\n"));
  w.statement(nest(x, "{ const float d = " + from + " - " + mean + at + "; " + variance + at + " += d * d; }"));
  w.statement(concat("for (long i = 0; i < ", n, "; ++i) ", variance, "[i] *= ", share, ";\n"));
}

void matmul(Writer& w, const GraphNode& node, const Outputs& y) {
  const MatMul& op = as<MatMul>(node);
  const Value &a = node.inputs[0], &b = node.inputs[1];
  const int64_t n = y[0].shape().last(), m = y[0].shape().elements() / n,
                k = op.transpose_b ? b.shape()[1] : b.shape()[0];
  const std::string right = op.transpose_b ? w.laid(b, Lie::matrix_transposed) : w.pointer(b);
  w.call("matmul", {w.pointer(a), right, w.pointer(y[0]), text(m), text(k), text(n), text(op.transpose_a ? 1 : k),
                    text(op.transpose_a ? m : 1), text(op.transpose_b ? wide(n) : n)});
}

std::string axes(const Window& window, const Window::Axes& numbers, int64_t missing) {
  std::string list = "(long[]){";
  for (int i = 0; i < 3; ++i) {
    const int axis = i - (3 - window.rank);
    list += concat(i == 0 ? "" : ", ", axis < 0 ? missing : numbers[static_cast<size_t>(axis)]);
  }
  return list + "}";
}

// The sizes of the axes that a window moves over.
Window::Axes places(const Shape& shape) {
  Window::Axes sizes{1, 1, 1};
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) sizes[static_cast<size_t>(axis - 1)] = shape[axis];
  return sizes;
}

void convolution(Writer& w, const GraphNode& node, const Outputs& y) {
  const Convolution& op = as<Convolution>(node);
  const Value& x = node.inputs[0];
  const Window& o = op.window;
  std::vector<std::string> arguments{w.pointer(x),
                                     w.laid(node.inputs[1], Lie::kernel_last),
                                     w.pointer(y[0]),
                                     text(x.shape()[0]),
                                     axes(o, places(x.shape()), 1),
                                     text(x.shape().last()),
                                     axes(o, places(y[0].shape()), 1),
                                     text(y[0].shape().last()),
                                     axes(o, o.size, 1),
                                     axes(o, o.stride, 1),
                                     axes(o, o.pad_before, 0),
                                     axes(o, o.dilation, 1)};
  if (op.groups == 1) return w.call("dense_convolution", arguments);
  arguments.push_back(text(op.groups));
  w.call("convolution", arguments);
}

void transposed_convolution(Writer& w, const GraphNode& node, const Outputs& y) {
  const ConvolutionGradInput& op = as<ConvolutionGradInput>(node);
  const Value& x = node.inputs[0];
  const Window& o = op.window;
  w.call("transposed_convolution",
         {w.pointer(x), w.pointer(node.inputs[1]), w.pointer(y[0]), text(x.shape()[0]), axes(o, places(x.shape()), 1),
          text(x.shape().last()), axes(o, places(y[0].shape()), 1), text(y[0].shape().last()), axes(o, o.size, 1),
          axes(o, o.stride, 1), axes(o, o.pad_before, 0), axes(o, o.dilation, 1), text(op.groups)});
}

void max_pool(Writer& w, const GraphNode& node, const Outputs& y) {
  const Window& o = as<MaxPool2d>(node).window;
  const Shape &x = node.inputs[0].shape(), &out = y[0].shape();
  w.call("max_pool",
         {w.pointer(node.inputs[0]), w.pointer(y[0]), text(x[0]), text(x[1]), text(x[2]), text(x[3]), text(out[1]),
          text(out[2]), axes(o, o.size, 1), axes(o, o.stride, 1), axes(o, o.pad_before, 0), axes(o, o.dilation, 1)});
}

void embedding(Writer& w, const GraphNode& node, const Outputs& y) {
  const Shape& table = node.inputs[0].shape();
  w.statement("if (rows_of(" +
              join(std::vector<std::string>{w.pointer(node.inputs[0]), w.pointer(node.inputs[1]), w.pointer(y[0]),
                                            text(node.inputs[1].shape().elements()), text(table[0]), text(table[1])}) +
              ")) return 1;\n");
}

void attention(Writer& w, const GraphNode& node, const Outputs& y) {
  const AttentionOp::Spec& spec = as<AttentionOp>(node).spec;
  std::vector<Type> types;
  for (int i = 0; i < spec.tensors; ++i) types.push_back(node.inputs[static_cast<size_t>(i)].type());
  const AttentionParts p = spec.parts(types);
  std::vector<std::string> arguments;
  for (const auto* part : {&p.q, &p.k, &p.v}) {
    arguments.push_back(concat(w.pointer(node.inputs[part->tensor]), " + ", part->offset));
    arguments.push_back(text(part->stride));
  }
  const bool lengths = spec.lengths;
  arguments.insert(arguments.end(),
                   {w.pointer(y[0]), w.pointer(y[1]), text(p.batch), text(p.queries), text(p.keys), text(spec.heads),
                    text(spec.kv_heads), text(p.head_dim), literal(spec.scale), spec.causal ? "1" : "0",
                    lengths ? w.pointer(node.inputs[static_cast<size_t>(spec.tensors)]) : "0"});
  w.call("attention", arguments);
}

void recurrent(Writer& w, const GraphNode& node, const Outputs& y) {
  const Recurrent& op = as<Recurrent>(node);
  const char* names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
  const Shape& x = node.inputs[0].shape();
  const std::string weight = w.laid(node.inputs[1], Lie::matrix_transposed);
  std::vector<std::string> arguments{w.pointer(node.inputs[0]), weight, w.pointer(node.inputs[2])};
  if (node.inputs.size() > 3) arguments.push_back(w.pointer(node.inputs[3]));
  arguments.insert(arguments.end(),
                   {w.pointer(y[Recurrent::y]), w.pointer(y[Recurrent::last]), w.pointer(y[Recurrent::gates])});
  if (op.cell == Cell::lstm) arguments.push_back(w.pointer(y[Recurrent::last_cells]));
  arguments.insert(arguments.end(), {text(x[0]), text(x[1]), text(node.inputs[1].shape()[1]), op.reverse ? "1" : "0"});
  w.call(names[static_cast<int>(op.cell)], arguments);
}

void loop(Writer& w, const GraphNode& node, const Outputs& y) {
  std::vector<std::string> inputs, outputs;
  for (const Value& v : node.inputs) inputs.push_back(w.pointer(v));
  for (const Value& v : y) outputs.push_back(w.pointer(v));
  w.statement(loop_text(as<LoopOp>(node).loop, inputs, outputs));
}

}  // namespace

const std::map<std::string_view, Row>& rows() {
  static const std::map<std::string_view, Row> table{{"input", nothing},
                                                     {"variable", variable},
                                                     {"constant", constant},
                                                     {"iota", iota},
                                                     {"numbers", given_numbers},
                                                     {"random_uniform", random},
                                                     {"map", map},
                                                     {"stop_gradient", nothing},
                                                     {"cast", cast},
                                                     {"reshape", nothing},
                                                     {"transpose", transpose},
                                                     {"broadcast_to", broadcast},
                                                     {"view", nothing},
                                                     {"pack", pack},
                                                     {"concat", concatenate},
                                                     {"slice", slice},
                                                     {"reduce_sum", reduce},
                                                     {"reduce_max", reduce},
                                                     {"moments", moments},
                                                     {"matmul", matmul},
                                                     {"embedding", embedding},
                                                     {"convolution", convolution},
                                                     {"convolution_grad_input", transposed_convolution},
                                                     {"max_pool2d", max_pool},
                                                     {"attention", attention},
                                                     {"recurrent", recurrent},
                                                     {"loop", loop}};
  return table;
}

}  // namespace dl::c
