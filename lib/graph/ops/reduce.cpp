// Reductions and what is composed of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/reduce.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/map.h"

namespace dl {

namespace {

std::vector<int> normal(const Shape& shape, std::vector<int> axes) {
  for (int& axis : axes) {
    if (axis < 0) axis += shape.rank();
    DL_CHECK(axis >= 0 && axis < shape.rank(), "axis ", axis, " of ", shape.text());
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

std::vector<int> all_axes(const Shape& shape) {
  std::vector<int> axes(static_cast<size_t>(shape.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

// Whether x, broadcast to a shape of `rank` axes, is the same all along `axes`.
bool invariant(const Shape& x, int rank, const std::vector<int>& axes) {
  const int lead = rank - x.rank();
  return std::all_of(axes.begin(), axes.end(), [&](int axis) { return axis < lead || x[axis - lead] == 1; });
}

// The factors of a product, through negations: x = sign * f[0] * f[1] * … A product of very many stays in parts: one
// that is squared again and again has more than can be written down.
void collect_factors(const Value& x, std::vector<Value>& factors, double& sign, int depth = 0) {
  constexpr int most_depth = 64;
  constexpr size_t most_factors = 256;
  const GraphNode& node = x.graph->node(x.node);
  const auto* m = dynamic_cast<const Map*>(node.op.get());
  const bool is_part = depth == most_depth || factors.size() >= most_factors;
  if (m && m->function == Function::neg && !is_part) {
    sign = -sign;
    collect_factors(node.inputs[0], factors, sign, depth + 1);
  } else if (m && m->function == Function::mul && !is_part) {
    for (const Value& operand : node.inputs) collect_factors(operand, factors, sign, depth + 1);
  } else {
    factors.push_back(x);
  }
}

// What does not change along the axes is taken out of the sum: sum(c x) = c sum(x). Sums of several products of the
// same varying factors, as normalizations have them in their gradients, become one.
std::optional<Value> factored_sum(const Value& x, const std::vector<int>& axes) {
  std::vector<Value> factors, varying, fixed;
  double sign = 1;
  collect_factors(x, factors, sign);
  for (const Value& f : factors) (invariant(f.shape(), x.shape().rank(), axes) ? fixed : varying).push_back(f);
  if (varying.empty() || (fixed.empty() && sign > 0 && factors.size() < 2)) return std::nullopt;
  std::stable_sort(varying.begin(), varying.end(), [](const Value& a, const Value& b) {
    return std::pair(a.node, a.output) < std::pair(b.node, b.output);
  });
  Value product = varying[0];
  for (size_t i = 1; i < varying.size(); ++i) product = product * varying[i];
  if (product.type() != x.type()) return std::nullopt;  // a fixed factor repeats it along other axes, or converts it
  Value result = x.graph->add_one(std::make_shared<Reduce>(Reduce::Kind::sum, axes), {product});
  for (const Value& f : fixed) result = result * f;
  return sign < 0 ? -result : result;
}

std::string axes_text(const std::vector<int>& axes) {
  std::string out;
  for (int axis : axes) out += concat(out.empty() ? "" : " ", axis);
  return out;
}

}  // namespace

Shape reduced(const Shape& x, const std::vector<int>& axes) {
  Shape shape = x;
  for (int axis : axes) shape[axis] = 1;
  return shape;
}

int64_t reduced_count(const Shape& x, const std::vector<int>& axes) {
  int64_t n = 1;
  for (int axis : axes) n *= x[axis];
  return n;
}

std::string Reduce::attributes() const { return axes_text(axes); }
std::vector<Type> Reduce::infer(std::span<const Type> inputs) const {
  return {Type{DType::f32, reduced(inputs[0].shape, axes)}};
}

std::vector<Value> Reduce::gradient(const Backward& b) const {
  const Value x = b.inputs[0], dy = b.gradients[0];
  if (kind == Kind::sum) return {broadcast_to(dy, x.shape())};
  const Value hit = equal(x, b.outputs[0]);  // shared evenly among equal maxima
  return {hit * (dy / sum(hit, axes))};
}

Cost Reduce::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = static_cast<double>(inputs[0].shape.elements());
  return cost;
}

std::string MomentsOp::attributes() const { return axes_text(axes); }

std::vector<Type> MomentsOp::infer(std::span<const Type> inputs) const {
  const Type type{DType::f32, reduced(inputs[0].shape, axes)};
  return {type, type};
}

std::vector<Value> MomentsOp::gradient(const Backward& b) const {
  const Value x = b.inputs[0], dmean = b.gradients[0], dvariance = b.gradients[1];
  const double n = static_cast<double>(reduced_count(x.shape(), axes));
  Value dx;
  if (dvariance) dx = (x - b.outputs[0]) * (dvariance * (2 / n));
  if (dmean) dx = dx ? dx + dmean * (1 / n) : broadcast_to(dmean * (1 / n), x.shape());
  return {dx};
}

Cost MomentsOp::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = 3 * static_cast<double>(inputs[0].shape.elements());
  return cost;
}

Value sum(Value x, std::vector<int> axes) {
  x = as_f32(x);
  axes = normal(x.shape(), std::move(axes));
  if (reduced_count(x.shape(), axes) == 1) return x;
  if (const std::optional<Value> factored = factored_sum(x, axes)) return *factored;
  return x.graph->add_one(std::make_shared<Reduce>(Reduce::Kind::sum, std::move(axes)), {x});
}

Value max(Value x, std::vector<int> axes) {
  x = as_f32(x);
  axes = normal(x.shape(), std::move(axes));
  if (reduced_count(x.shape(), axes) == 1) return x;
  return x.graph->add_one(std::make_shared<Reduce>(Reduce::Kind::max, std::move(axes)), {x});
}

Value mean(Value x, std::vector<int> axes) {
  axes = normal(x.shape(), std::move(axes));
  const double n = static_cast<double>(reduced_count(x.shape(), axes));
  return sum(x, axes) * (1 / n);
}

Value sum(Value x) { return reshape(sum(x, all_axes(x.shape())), {}); }
Value mean(Value x) { return sum(x) * (1.0 / static_cast<double>(x.shape().elements())); }

Moments moments(Value x, std::vector<int> axes) {
  x = as_f32(x);
  const std::vector<Value> both = x.graph->add(std::make_shared<MomentsOp>(normal(x.shape(), std::move(axes))), {x});
  return {both[0], both[1]};
}

Value softmax(Value x) {
  const Value e = exp(x - stop_gradient(max(x, {-1})));
  return e / sum(e, {-1});
}

Value log_softmax(Value x) {
  const Value shifted = x - stop_gradient(max(x, {-1}));
  return shifted - log(sum(exp(shifted), {-1}));
}

}  // namespace dl
