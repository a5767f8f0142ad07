// Expressions by values, names for those that need one.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/expressions.h"

#include <cmath>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"

namespace dl::code {
namespace {

using enum Tie;

constexpr size_t longest = 90;  // of an expression that stays where it is read

}  // namespace

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "float('inf')" : "-float('inf')";
  if (std::isnan(value)) return "float('nan')";
  const std::string text = number_text(as_written(value));
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string enclosed(const Expression& e, Tie tie) { return e.tie < tie ? "(" + e.text + ")" : e.text; }

std::string Expressions::in(const Value& v, Tie tie) { return enclosed(as_number(v), tie); }

Expression Expressions::as_number(const Value& v) {
  const Expression& e = of(v);
  return e.truth ? Expression{fill(d_.as_float, {{"x", enclosed(e, tight)}}), tight} : e;
}

const Expression& Expressions::of(const Value& v) {
  auto& e = values_[{v.node, v.output}];
  if (e.text.empty()) e = {name_of_(v), tight};
  return e;
}

std::string Expressions::tensor(const Value& v) {
  const auto* number = dynamic_cast<const Constant*>(v.graph->node(v.node).op.get());
  return number ? fill(d_.array, {{"values", code::number(number->value)}}) : in(v, tight);
}

void Expressions::give(const Value& v, Expression e) {
  const bool trivial = e.text.size() < 24 && e.tie == tight && e.text.find('(') == std::string::npos;
  if (!trivial && (open_.uses(v) > 1 || e.text.size() > longest)) {
    const std::string name = new_name();
    lines_.push_back(name + " = " + e.text);
    e = {name, tight, e.truth};
  }
  values_[{v.node, v.output}] = std::move(e);
}

std::string Expressions::new_name() { return concat("t", ++names_); }

std::string Expressions::call(const std::string& function, std::vector<std::string> arguments) const {
  return function + "(" + join(arguments) + ")";
}

std::string Expressions::np(const std::string& function, std::vector<std::string> arguments) const {
  return call(d_.np + "." + function, std::move(arguments));
}

std::string Expressions::size(int64_t n) {
  const OpenSize open = open_.size(n);
  if (!open.of_batch) return std::to_string(open.n);
  reads_samples_ = true;
  return open.n == 1 ? "samples" : concat(open.n, " * samples");
}

std::string Expressions::sizes(const Shape& shape) {
  std::vector<std::string> texts;
  for (const int64_t n : shape.sizes()) texts.push_back(size(n));
  return tuple(texts);
}

std::string Expressions::sizes_but_batch(const Shape& shape) {
  std::vector<std::string> texts;
  for (const int64_t n : shape.sizes()) texts.push_back(open_.size(n).of_batch ? "-1" : std::to_string(n));
  return tuple(texts);
}

// The first, whether or not its values are read.
Value Expressions::batched_input() const {
  const Graph& g = open_.graph();
  for (int i = 0; i < g.size(); ++i)
    if (g.node(i).op->name() == "input" && g.node(i).types[0].shape.rank() > 0)
      return {g.outputs().at(0).value.graph, i, 0};
  DL_CHECK(false, "samples are counted, and there is no input");
}

OpsText Expressions::text() {
  OpsText text{.result = in(open_.graph().outputs().at(0).value, loose)};
  if (reads_samples_) {
    text.lines.push_back("samples = " + fill(d_.samples, {{"x", name_of_(batched_input())}}));
  }
  text.lines.insert(text.lines.end(), lines_.begin(), lines_.end());
  return text;
}

}  // namespace dl::code
