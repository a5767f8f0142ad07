// Interval arithmetic on graphs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/bounds.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/reduce.h"

namespace dl {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

Bounds all_of(std::initializer_list<Bounds> parts) {
  Bounds all{infinite, -infinite};
  for (const Bounds& part : parts) all = {std::min(all.low, part.low), std::max(all.high, part.high)};
  return all;
}

Bounds product(Bounds a, Bounds b) {
  if (a.low >= 0 && b.low >= 0) return {std::isfinite(a.low * b.low) ? a.low * b.low : 0, a.high * b.high};
  if (!std::isfinite(a.high - a.low) || !std::isfinite(b.high - b.low)) return {};
  const auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}

// Of a function that does not fall.
template <class F>
Bounds rising(Bounds x, F&& f) {
  return {f(x.low), f(x.high)};
}

class Finder {
 public:
  // Of a node's first output; the nodes before it are all computed, in their order.
  Finder(const Graph& graph, int last) {
    for (int i = 0; i <= last; ++i) known_.push_back(compute(graph.node(i)));
  }
  Bounds of(int node) const { return known_[static_cast<size_t>(node)]; }

 private:
  Bounds compute(const GraphNode& node) const {
    const Op& op = *node.op;
    if (const auto* c = dynamic_cast<const Constant*>(&op)) return {c->value, c->value};
    if (const auto* map = dynamic_cast<const Map*>(&op)) return of_map(map->function, node.inputs);
    if (const auto* reduce = dynamic_cast<const Reduce*>(&op)) return of_reduce(*reduce, node);
    const bool moves = op.is_view() || op.name() == "transpose" || op.name() == "broadcast_to" || op.name() == "cast";
    return moves && node.inputs.size() == 1 ? of(node.inputs[0].node) : Bounds{};
  }

  Bounds of_reduce(const Reduce& reduce, const GraphNode& node) const {
    const int last = node.inputs[0].shape().rank() - 1;
    if (reduce.axes != std::vector<int>{last}) return {};
    const Bounds x = of(node.inputs[0].node);
    if (reduce.kind == Reduce::Kind::max) return x;
    return {x.low >= 0 ? x.low : -infinite, x.high <= 0 ? x.high : infinite};
  }

  Bounds of_map(Function function, const std::vector<Value>& inputs) const {
    Bounds x[3];
    for (size_t i = 0; i < inputs.size(); ++i) x[i] = of(inputs[i].node);
    const Bounds &a = x[0], &b = x[1], &c = x[2];
    switch (function) {
      case Function::neg: return {-a.high, -a.low};
      case Function::abs: return {0, std::max(std::abs(a.low), std::abs(a.high))};
      case Function::exp: return rising(a, [](double v) { return std::exp(v); });
      case Function::tanh: return rising(a, [](double v) { return std::tanh(v); });
      case Function::erf: return rising(a, [](double v) { return std::erf(v); });
      case Function::sigmoid: return rising(a, [](double v) { return 1 / (1 + std::exp(-v)); });
      case Function::sqrt:
      case Function::rsqrt: return {0, infinite};
      case Function::sin:
      case Function::cos: return {-1, 1};
      case Function::gelu: return {-0.17, std::max(a.high, 0.0)};  // its least value is -0.16997
      case Function::less:
      case Function::less_equal:
      case Function::equal: return {0, 1};
      case Function::add: return {a.low + b.low, a.high + b.high};
      case Function::sub: return {a.low - b.high, a.high - b.low};
      case Function::mul: return inputs[0] == inputs[1] ? Bounds{0, infinite} : product(a, b);
      case Function::div: return b.low >= 0 ? quotient(a, b) : Bounds{};
      case Function::maximum: return {std::max(a.low, b.low), std::max(a.high, b.high)};
      case Function::minimum: return {std::min(a.low, b.low), std::min(a.high, b.high)};
      case Function::where: return all_of({b, c});
      case Function::round_bf16:
      case Function::dither_bf16: return a;
      default: return {};
    }
  }

  // By what is not negative.
  static Bounds quotient(Bounds a, Bounds b) {
    if (b.low > 0 && b.low == b.high) return {a.low / b.low, a.high / b.low};
    return {a.low >= 0 ? 0 : -infinite, a.high <= 0 ? 0 : infinite};
  }

  std::vector<Bounds> known_;  // one a node
};

}  // namespace

Bounds bounds_of(const Value& value) { return Finder(*value.graph, value.node).of(value.node); }

}  // namespace dl
