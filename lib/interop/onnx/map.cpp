// Elementwise functions in ONNX.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numbers>

#include "lib/base/error.h"
#include "lib/graph/ops/map.h"
#include "lib/interop/onnx/rows.h"

namespace dl::onnx {
namespace {

using Names = std::vector<std::string>;

// x Phi(x), in the form that runtimes know again.
std::string gelu(Writer& w, const std::string& x) {
  const std::string phi = w.add("Add", {w.add("Erf", {w.add("Div", {x, w.number(std::numbers::sqrt2)})}), w.number(1)});
  return w.add("Mul", {w.add("Mul", {x, phi}), w.number(0.5)});
}

// Phi(x) + x times the normal density.
std::string gelu_slope(Writer& w, const std::string& x) {
  const std::string phi = w.add("Add", {w.add("Erf", {w.add("Div", {x, w.number(std::numbers::sqrt2)})}), w.number(1)});
  const std::string power = w.add("Exp", {w.add("Mul", {w.add("Mul", {x, x}), w.number(-0.5)})});
  const double norm = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
  return w.add("Add", {w.add("Mul", {phi, w.number(0.5)}), w.add("Mul", {w.add("Mul", {x, power}), w.number(norm)})});
}

std::string rounded_to_bf16(Writer& w, const std::string& x) {
  const auto to = [&](const std::string& v, Element type) {
    return w.add("Cast", {v}, {{"to", static_cast<int64_t>(type)}});
  };
  return to(to(x, Element::bf16), Element::f32);
}

std::string computed(Writer& w, Function f, const Names& in) {
  switch (f) {
    case Function::neg: return w.add("Neg", in);
    case Function::abs: return w.add("Abs", in);
    case Function::exp: return w.add("Exp", in);
    case Function::log: return w.add("Log", in);
    case Function::sqrt: return w.add("Sqrt", in);
    case Function::rsqrt: return w.add("Reciprocal", {w.add("Sqrt", in)});
    case Function::tanh: return w.add("Tanh", in);
    case Function::erf: return w.add("Erf", in);
    case Function::sigmoid: return w.add("Sigmoid", in);
    case Function::floor: return w.add("Floor", in);
    case Function::sin: return w.add("Sin", in);
    case Function::cos: return w.add("Cos", in);
    case Function::round_bf16: return rounded_to_bf16(w, in[0]);
    case Function::gelu: return gelu(w, in[0]);
    case Function::gelu_slope: return gelu_slope(w, in[0]);
    case Function::add: return w.add("Add", in);
    case Function::sub: return w.add("Sub", in);
    case Function::mul: return w.add("Mul", in);
    case Function::div: return w.add("Div", in);
    case Function::maximum: return w.add("Max", in);
    case Function::minimum: return w.add("Min", in);
    case Function::pow: return w.add("Pow", in);
    case Function::dither_bf16: return rounded_to_bf16(w, in[0]);  // on the average
    case Function::less: return w.add("Less", in);
    case Function::less_equal: return w.add("LessOrEqual", in);
    case Function::equal: return w.add("Equal", in);
    case Function::where: return w.add("Where", in);
    case Function::fma: return w.add("Add", {w.add("Mul", {in[0], in[1]}), in[2]});
  }
  return {};
}

// That of the operand with the most elements which has all axes of the result.
Order common_order(Writer& w, const Step& step) {
  const int rank = step.outputs[0].shape().rank();
  const Value* most = nullptr;
  for (const Value& v : step.inputs)
    if (v.shape().rank() == rank && (!most || v.shape().elements() > most->shape().elements())) most = &v;
  return most ? w.order_of(*most) : as_it_is(rank);
}

}  // namespace

void write_map(Writer& w, const Step& step) {
  const Function f = dynamic_cast<const Map&>(*step.node->op).function;
  const Order order = common_order(w, step);
  Names in;
  for (size_t i = 0; i < step.inputs.size(); ++i)
    in.push_back(w.to_broadcast(step.inputs[i], order, f == Function::where && i == 0));
  const bool boolean = f == Function::less || f == Function::less_equal || f == Function::equal;
  w.hold(step.outputs[0], computed(w, f, in), order, boolean);
}

}  // namespace dl::onnx
