// The pass that lets a linear layer and the cross-entropy behind it share their blocks of logits.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>

#include "lib/graph/ops.h"
#include "lib/graph/ops/cross_entropy.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {

namespace {

// A pair that was found; nodes are numbers, -1 where there is none.
struct Pair {
  int product = -1, loss = -1;
  Value x, weight, bias, classes, d_losses;
  int dx = -1, d_weight = -1, d_bias = -1;
};

class Joiner {
 public:
  explicit Joiner(const Graph& graph) : old_(graph), rewriter_(graph), live_(live_nodes(graph)), users_(live_.size()) {
    for (int i = 0; i < graph.size(); ++i) {
      if (!live_[static_cast<size_t>(i)]) continue;
      for (const Value& v : graph.node(i).inputs) users_[static_cast<size_t>(v.node)].push_back({v.output, i});
    }
    for (const auto& named : {graph.outputs(), graph.assigns()})
      for (const Graph::Named& n : named)
        users_[static_cast<size_t>(n.value.node)].push_back({n.value.output, outside});
  }

  std::unique_ptr<Graph> run() {
    for (int i = 0; i < old_.size(); ++i) {
      if (!live_[static_cast<size_t>(i)] || !op<CrossEntropy>(i)) continue;
      if (const std::optional<Pair> pair = match(i)) pairs_.push_back(*pair);
    }
    if (pairs_.empty()) return nullptr;
    for (int i = 0; i < old_.size(); ++i)
      if (live_[static_cast<size_t>(i)]) copy(i);
    return rewriter_.finish();
  }

 private:
  static constexpr int outside = -1;  // an output or an assignment
  struct User {
    int output, node;
  };

  template <class T>
  const T* op(int node) const {
    return dynamic_cast<const T*>(old_.node(node).op.get());
  }
  Value behind_views(Value v) const {
    while (old_.node(v.node).op->is_view() && old_.node(v.node).inputs[0].shape().elements() == v.shape().elements())
      v = old_.node(v.node).inputs[0];
    return v;
  }
  // Who reads the value, through views.
  std::vector<int> readers(int node, int output) const {
    std::vector<int> found;
    for (const User& user : users_[static_cast<size_t>(node)]) {
      if (user.output != output) continue;
      if (user.node == outside || !old_.node(user.node).op->is_view()) {
        found.push_back(user.node);
      } else {
        for (int further : readers(user.node, 0)) found.push_back(further);
      }
    }
    return found;
  }
  bool depends(int node, int on) const {
    if (node <= on) return node == on;
    const auto& inputs = old_.node(node).inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](const Value& v) { return depends(v.node, on); });
  }

  std::optional<Pair> match(int loss) const {
    Pair p{.loss = loss};
    p.classes = old_.node(loss).inputs[1];
    const Value logits = behind_views(old_.node(loss).inputs[0]);
    Value product = logits;
    if (const Map* map = op<Map>(logits.node); map && map->function == Function::add) {
      product = behind_views(old_.node(logits.node).inputs[0]);
      p.bias = old_.node(logits.node).inputs[1];
      if (p.bias.shape() != Shape{logits.shape().last()} || readers(product.node, product.output).size() != 1)
        return {};
    }
    const MatMul* matmul = op<MatMul>(product.node);
    if (!matmul || matmul->transpose_a || !matmul->transpose_b) return {};
    p.product = product.node;
    p.x = old_.node(product.node).inputs[0];
    p.weight = old_.node(product.node).inputs[1];
    int grad = -1;
    for (int reader : readers(logits.node, logits.output)) {
      if (reader == loss) continue;
      if (reader == outside || !op<CrossEntropyGrad>(reader) || grad >= 0) return {};
      grad = reader;
    }
    for (int reader : readers(loss, 1))
      if (reader != grad) return {};
    if (grad < 0) return p;
    p.d_losses = old_.node(grad).inputs[3];
    if (depends(p.d_losses.node, loss)) return {};
    for (int reader : readers(grad, 0))
      if (reader == outside || !take_gradient(p, grad, reader)) return {};
    return p;
  }

  // Whether the reader of d logits makes one of the linear layer's gradients.
  bool take_gradient(Pair& p, int grad, int reader) const {
    const GraphNode& node = old_.node(reader);
    const auto is_d = [&](const Value& v) { return behind_views(v).node == grad; };
    if (const MatMul* matmul = op<MatMul>(reader)) {
      if (matmul->transpose_b || !is_d(node.inputs[0])) return false;
      const bool of_x = !matmul->transpose_a && node.inputs[1] == p.weight;
      const bool of_weight = matmul->transpose_a && behind_views(node.inputs[1]) == behind_views(p.x);
      if (!of_x && !of_weight) return false;
      int& place = of_x ? p.dx : p.d_weight;
      if (place >= 0) return false;
      place = reader;
      return true;
    }
    const Reduce* sum = op<Reduce>(reader);
    if (!p.bias || !sum || sum->kind != Reduce::Kind::sum || p.d_bias >= 0) return false;
    if (static_cast<int>(sum->axes.size()) + 1 != node.inputs[0].shape().rank() ||
        node.types[0].shape.elements() != p.bias.shape().elements())
      return false;
    p.d_bias = reader;
    return true;
  }

  // The gradients of a pair stand where its loss does, before what they are computed from is copied in the graph's
  // order.
  Value mapped(const Value& v) {
    if (!rewriter_.has(v.node, v.output)) copy(v.node);
    return rewriter_.mapped(v);
  }

  void copy(int index) {
    if (rewriter_.has(index, 0)) return;
    for (const Pair& p : pairs_)
      if (index == p.loss || index == p.dx || index == p.d_weight || index == p.d_bias) return build(p);
    for (const Value& v : old_.node(index).inputs) mapped(v);
    rewriter_.copy(index);
  }

  void build(const Pair& p) {
    const Shape& weight = p.weight.shape();
    const bool gradient = bool(p.d_losses);
    std::vector<Value> inputs{reshape(mapped(p.x), {-1, weight[1]}), mapped(p.weight), mapped(p.classes)};
    if (p.bias) inputs.push_back(mapped(p.bias));
    if (gradient) inputs.push_back(mapped(p.d_losses));
    rewriter_.place_as(p.product);
    const double smoothing = op<CrossEntropy>(p.loss)->smoothing;
    const std::vector<Value> made = rewriter_.made().add(
        std::make_shared<LinearCrossEntropy>(smoothing, bool(p.bias), gradient), std::move(inputs));
    rewriter_.put(p.loss, 0, made[0]);
    rewriter_.put(p.loss, 1, made[0]);
    const auto place = [&](int node, size_t output) {
      if (node >= 0) rewriter_.put(node, 0, reshape(made[output], old_.node(node).types[0].shape));
    };
    place(p.dx, 1);
    place(p.d_weight, 2);
    place(p.d_bias, 3);
  }

  const Graph& old_;
  Rewriter rewriter_;
  const std::vector<char> live_;
  std::vector<std::vector<User>> users_;
  std::vector<Pair> pairs_;
};

}  // namespace

std::unique_ptr<Graph> join_linear_cross_entropy(const Graph& graph) { return Joiner(graph).run(); }

}  // namespace dl
