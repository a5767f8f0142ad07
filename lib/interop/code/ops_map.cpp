// Elementwise functions as lines of Python.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/interop/code/ops_rows.h"

namespace dl::code {
namespace {

using enum Tie;

bool is_number(const Value& v) { return dynamic_cast<const Constant*>(v.graph->node(v.node).op.get()) != nullptr; }

}  // namespace

void write_map(Expressions& w, const Step& step) {
  const Function f = op_of<Map>(step).function;
  const auto v = [&](size_t i, Tie tie) { return w.in(step.inputs[i], tie); };
  const auto unary = [&](const char* name) { w.give_call(step, w.np(name, {v(0, loose)})); };
  const auto infix = [&](const char* sign_text, Tie left, Tie right, Tie whole, bool truth = false) {
    w.give(step.outputs[0], {v(0, left) + " " + sign_text + " " + v(1, right), whole, truth});
  };
  // A function of arrays, of which the second may be a number.
  const auto of_two = [&](const char* name, const std::string& with_number) {
    size_t a = 0, b = 1;
    if (is_number(step.inputs[0])) std::swap(a, b);
    if (is_number(step.inputs[b]))
      w.give_call(step, fill(with_number, {{"x", v(a, tight)}, {"n", v(b, loose)}}));
    else
      w.give_call(step, w.np(name, {v(0, loose), v(1, loose)}));
  };
  switch (f) {
    case Function::neg: return w.give(step.outputs[0], {"-" + v(0, tight), sign});
    case Function::abs: return unary("abs");
    case Function::exp: return unary("exp");
    case Function::log: return unary("log");
    case Function::sqrt: return unary("sqrt");
    case Function::rsqrt: return w.give(step.outputs[0], {"1 / " + w.np("sqrt", {v(0, loose)}), product});
    case Function::tanh: return unary("tanh");
    case Function::floor: return unary("floor");
    case Function::sin: return unary("sin");
    case Function::cos: return unary("cos");
    case Function::erf: return w.give_call(step, w.call("erf", {v(0, loose)}));
    case Function::sigmoid: return w.give_call(step, w.call("sigmoid", {v(0, loose)}));
    case Function::gelu: return w.give_call(step, w.call("gelu", {v(0, loose)}));
    case Function::gelu_slope: return w.give_call(step, w.call("gelu_slope", {v(0, loose)}));
    case Function::round_bf16:
    case Function::dither_bf16: return w.give_call(step, w.call("rounded_to_bf16", {v(0, loose)}));
    case Function::add: return infix("+", sum, product, sum);
    case Function::sub: return infix("-", sum, product, sum);
    case Function::mul: return infix("*", product, sign, product);
    case Function::div: return infix("/", product, sign, product);
    case Function::maximum: return of_two("maximum", w.dialect().maximum_number);
    case Function::minimum: return of_two("minimum", w.dialect().minimum_number);
    case Function::pow:
      if (is_number(step.inputs[1]))
        return w.give_call(step, fill(w.dialect().pow_number, {{"x", v(0, tight)}, {"n", v(1, loose)}}));
      return w.give_call(step, w.np(w.dialect().np == "torch" ? "pow" : "power", {v(0, loose), v(1, loose)}));
    case Function::less: return infix("<", sum, sum, loose, true);
    case Function::less_equal: return infix("<=", sum, sum, loose, true);
    case Function::equal: return infix("==", sum, sum, loose, true);
    case Function::where: {
      const Expression& condition = w.of(step.inputs[0]);
      const std::string holds = condition.truth ? condition.text : enclosed(condition, sum) + " != 0";
      return w.give_call(step, w.call("where", {holds, v(1, loose), v(2, loose)}));
    }
    case Function::fma:
      return w.give(step.outputs[0], {v(0, product) + " * " + v(1, sign) + " + " + v(2, product), sum});
  }
}

}  // namespace dl::code
