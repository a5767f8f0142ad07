// Elementwise functions and their derivatives.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/map.h"

#include <numbers>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/leaf.h"

namespace dl {

namespace {

struct FunctionInfo {
  const char* name;
  int arity;
};

constexpr FunctionInfo infos[] = {
    {"neg", 1},        {"abs", 1},     {"exp", 1},        {"log", 1},   {"sqrt", 1},        {"rsqrt", 1},
    {"tanh", 1},       {"erf", 1},     {"sigmoid", 1},    {"floor", 1}, {"sin", 1},         {"cos", 1},
    {"round_bf16", 1}, {"gelu", 1},    {"gelu_slope", 1}, {"add", 2},   {"sub", 2},         {"mul", 2},
    {"div", 2},        {"maximum", 2}, {"minimum", 2},    {"pow", 2},   {"dither_bf16", 2}, {"less", 2},
    {"less_equal", 2}, {"equal", 2},   {"where", 3},      {"fma", 3},
};
static_assert(std::size(infos) == static_cast<size_t>(Function::fma) + 1);

// The gradient of a broadcast operand: summed over what was repeated.
Value reduce_to(Value gradient, const Shape& shape) {
  if (gradient.shape() == shape) return gradient;
  std::vector<int> axes;
  const int lead = gradient.shape().rank() - shape.rank();
  for (int i = 0; i < gradient.shape().rank(); ++i) {
    if (gradient.shape()[i] != 1 && (i < lead || shape[i - lead] == 1)) axes.push_back(i);
  }
  if (!axes.empty()) gradient = sum(gradient, axes);
  return reshape(gradient, shape);
}

Value as_value(Graph& g, const Operand& o) { return o.value ? o.value : constant(g, o.number); }

}  // namespace

int arity(Function f) { return infos[static_cast<size_t>(f)].arity; }
const char* name_of(Function f) { return infos[static_cast<size_t>(f)].name; }

std::vector<Type> Map::infer(std::span<const Type> inputs) const {
  DL_CHECK(static_cast<int>(inputs.size()) == arity(function), name_of(function), " got ", inputs.size(), " operands");
  Shape shape = inputs[0].shape;
  for (size_t i = 1; i < inputs.size(); ++i) shape = broadcast(shape, inputs[i].shape);
  return {Type{DType::f32, shape}};
}

std::vector<Value> Map::gradient(const Backward& back) const {
  const Value a = back.inputs[0], y = back.outputs[0], dy = back.gradients[0];
  const Value b = back.inputs.size() > 1 ? back.inputs[1] : Value{};
  std::vector<Value> d(back.inputs.size());
  switch (function) {
    case Function::neg: d[0] = -dy; break;
    case Function::abs: d[0] = dy * (where(a > 0, 1, 0) - where(a < 0, 1, 0)); break;
    case Function::exp: d[0] = dy * y; break;
    case Function::log: d[0] = dy / a; break;
    case Function::sqrt: d[0] = dy * 0.5 / y; break;
    case Function::rsqrt: d[0] = dy * -0.5 * y * y * y; break;
    case Function::tanh: d[0] = dy * (1 - y * y); break;
    case Function::erf: d[0] = dy * (2 * std::numbers::inv_sqrtpi) * exp(-(a * a)); break;
    case Function::sigmoid: d[0] = dy * y * (1 - y); break;
    case Function::sin: d[0] = dy * map(Function::cos, a); break;
    case Function::cos: d[0] = -(dy * map(Function::sin, a)); break;
    case Function::gelu: d[0] = dy * map(Function::gelu_slope, a); break;
    case Function::gelu_slope:
      d[0] = dy * ((2 - a * a) * (0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi)) * exp(-0.5 * a * a);
      break;
    case Function::round_bf16:
    case Function::dither_bf16: d[0] = dy; break;
    case Function::add: d = {dy, dy}; break;
    case Function::sub: d = {dy, -dy}; break;
    case Function::mul: d = {dy * b, dy * a}; break;
    case Function::div: d = {dy / b, -(dy * y / b)}; break;
    // Written with the result, so that the operand need not be kept: a > b exactly where y > b.
    case Function::maximum: d = {where(y > b, dy, 0), where(y > b, 0, dy)}; break;
    case Function::minimum: d = {where(y < b, dy, 0), where(y < b, 0, dy)}; break;
    case Function::pow: d = {dy * b * pow(a, b - 1), dy * y * log(a)}; break;
    case Function::where: d = {Value{}, where(a, dy, 0), where(a, 0, dy)}; break;
    case Function::fma: d = {dy * b, dy * a, dy}; break;
    case Function::floor:
    case Function::less:
    case Function::less_equal:
    case Function::equal: break;  // constant almost everywhere
  }
  for (size_t i = 0; i < d.size(); ++i) {
    if (!d[i]) continue;
    const bool number = dynamic_cast<const Constant*>(back.inputs[i].graph->node(back.inputs[i].node).op.get());
    d[i] = number ? Value{} : reduce_to(d[i], back.inputs[i].shape());
  }
  return d;
}

Cost Map::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = static_cast<double>(outputs[0].shape.elements()) * (function == Function::fma ? 2 : 1);
  return cost;
}

Value map(Function f, Value a) { return a.graph->add_one(std::make_shared<Map>(f), {a}); }
Value map(Function f, Value a, Value b) { return a.graph->add_one(std::make_shared<Map>(f), {a, b}); }
Value map(Function f, Value a, Value b, Value c) { return a.graph->add_one(std::make_shared<Map>(f), {a, b, c}); }

Value map(Function f, Operand a, Operand b) {
  Graph& g = *(a.value ? a.value : b.value).graph;
  return map(f, as_value(g, a), as_value(g, b));
}

Value where(Value condition, Operand yes, Operand no) {
  Graph& g = *condition.graph;
  return map(Function::where, condition, as_value(g, yes), as_value(g, no));
}

Value stop_gradient(Value x) { return x.graph->add_one(std::make_shared<StopGradient>(), {x}); }

}  // namespace dl
