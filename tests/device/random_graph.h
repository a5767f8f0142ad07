// Graphs made at random, of the kinds of parts that networks, losses and optimizers have.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "tests/evaluate.h"

namespace dl::testing {

// A training step of a random network: outputs "loss" and some values, assignments to its variables.
class RandomGraph {
 public:
  // `scale` multiplies the sizes of the first dimension.
  explicit RandomGraph(uint64_t seed, int64_t scale = 1) : seed_(seed) { build(scale); }

  Graph graph;
  Feed feed;

 private:
  int64_t draw(int64_t n) { return random_bits(seed_, 1, draws_++) % static_cast<uint64_t>(n); }
  bool chance(int64_t one_in) { return draw(one_in) == 0; }
  const Value& pick() { return pool_[static_cast<size_t>(draw(static_cast<int64_t>(pool_.size())))]; }

  Value fed(Shape shape, DType dtype = DType::f32) {
    const std::string name = "x" + std::to_string(feed.size());
    feed[name] = dtype == DType::f32 ? random_numbers(shape.elements(), seed_ + feed.size())
                                     : random_numbers(shape.elements(), seed_ + feed.size(), 0, 6);
    return input(graph, name, {dtype, std::move(shape)});
  }

  Value weight(Shape shape) {
    const int64_t offset = parameters_;
    shapes_.push_back({offset, shape});
    parameters_ = (offset + shape.elements() + 15) / 16 * 16;
    weights_.push_back(view(flat_, offset, std::move(shape)));
    return weights_.back();
  }

  // Keeps numbers near 1 and shapes small.
  void keep(Value v) {
    if (v.shape().elements() > 40000 || v.shape().rank() > 5) return;
    pool_.push_back(v);
  }

  void build(int64_t scale);
  void step();
  Value elementwise(Value x);
  Value normalized(Value x);
  Value product(Value x);
  Value convolution(Value x);
  Value reduction(Value x);
  Value moved(Value x);
  Value loss_of(Value x);
  std::vector<int> axes(const Shape& shape);

  uint64_t seed_;
  uint64_t draws_ = 0;
  std::vector<Value> pool_, weights_;
  std::vector<std::pair<int64_t, Shape>> shapes_;
  Value flat_, tick_;
  int64_t parameters_ = 0;
};

inline std::vector<int> RandomGraph::axes(const Shape& shape) {
  std::vector<int> result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (chance(2)) result.push_back(i);
  }
  if (result.empty() && shape.rank() > 0) result.push_back(static_cast<int>(draw(shape.rank())));
  return result;
}

inline Value RandomGraph::elementwise(Value x) {
  const Value y = pick();
  bool fits = true;
  try {
    broadcast(x.shape(), y.shape());
  } catch (const ShapeError&) {
    fits = false;
  }
  if (fits && chance(2)) {
    switch (draw(8)) {
      case 0: return x + y;
      case 1: return x - y;
      case 2: return x * y;
      case 3: return x / (y * y + 1);
      case 4: return maximum(x, y);
      case 5: return where(x < y, x, y * 0.5);
      case 6: return map(Function::fma, x, y, x);
      default: return pow(abs(x) + 0.5, tanh(y));
    }
  }
  switch (draw(14)) {
    case 0: return -x;
    case 1: return abs(x);
    case 2: return exp(tanh(x));
    case 3: return log(abs(x) + 0.5);
    case 4: return sqrt(x * x + 0.1);
    case 5: return map(Function::rsqrt, x * x + 0.5);
    case 6: return tanh(x);
    case 7: return x * 0.5 * (1 + erf(x * 0.70710678118654752));
    case 8: return x * sigmoid(x);
    case 9: return maximum(x, 0);
    case 10: return map(Function::sin, x) + map(Function::cos, x);
    case 11: return where(random_uniform(tick_, x.shape(), seed_, std::to_string(draws_)) < 0.8, x * 1.25, 0);
    case 12: return x.shape().rank() ? x + iota(graph, x.shape().last()) * 0.1 : x;
    default: return stop_gradient(x) * x;
  }
}

inline Value RandomGraph::normalized(Value x) {
  const int64_t width = x.shape().last();
  std::vector<int> over;
  if (chance(2)) {
    over = {-1};  // layer norm
  } else {
    for (int i = 0; i + 1 < x.shape().rank(); ++i) over.push_back(i);  // batch norm
  }
  const Moments m = moments(x, over);
  Value y = (x - m.mean) * map(Function::rsqrt, m.variance + 0.1);
  if (chance(2)) y = y * (weight({width}) + 1) + weight({width});
  if (over.size() > 1 && chance(2)) {
    const std::string name = "running" + std::to_string(feed.size());
    feed[name] = random_numbers(width, seed_);
    const Value old = variable(graph, {name, {DType::f32, {width}}});
    graph.assign(name, old * 0.9 + reshape(m.mean, {width}) * 0.1);
  }
  return chance(2) ? maximum(y, 0) : y;
}

inline Value RandomGraph::product(Value x) {
  const int64_t depth = x.shape().last(), width = 1 + draw(9);
  const Value rows = reshape(x, {-1, depth});
  Value y = chance(2) ? matmul(rows, weight({width, depth}), false, true) : matmul(rows, weight({depth, width}));
  if (chance(2)) y = y + weight({width});
  if (chance(2)) y = maximum(y, 0);
  if (chance(3)) y = where(random_uniform(tick_, y.shape(), seed_, std::to_string(draws_)) < 0.5, y * 2, 0);
  return y * 0.5;
}

inline Value RandomGraph::convolution(Value x) {
  // The first is an image; a sequence or a volume will do too.
  for (size_t i = pool_.size(); x.shape().rank() < 3 || x.shape().rank() > 5; --i) x = pool_[i - 1];
  const int64_t channels = x.shape().last();
  Window window{.rank = x.shape().rank() - 2};
  std::vector<int64_t> kernel, larger;
  for (int axis = 0; axis < window.rank; ++axis) {
    const size_t i = static_cast<size_t>(axis);
    window.size[i] = 1 + draw(3);
    window.stride[i] = 1 + draw(2);
    window.pad_before[i] = draw(window.size[i]);
    window.pad_after[i] = draw(window.size[i]);
    if (window.output(axis, x.shape()[axis + 1]) < 1) return x;
    kernel.push_back(window.size[i]);
    larger.push_back((x.shape()[axis + 1] - 1) * window.stride[i] + window.size[i] - window.pad_before[i] -
                     window.pad_after[i]);
  }
  if (chance(4)) return max_pool(x, window);
  const int64_t groups = channels % 2 == 0 && chance(3) ? 2 : 1, outs = groups * (1 + draw(4));
  const auto weight_of = [&](int64_t first, int64_t second) {
    std::vector<int64_t> sizes{first, second};
    sizes.insert(sizes.end(), kernel.begin(), kernel.end());
    return weight(Shape(std::move(sizes)));
  };
  const bool turned = chance(4) && *std::min_element(larger.begin(), larger.end()) > 0 &&
                      x.shape()[0] * Shape(larger).elements() * outs < 10000;
  Value y = turned ? transposed_convolution(x, weight_of(channels, outs / groups), window, Shape(larger), groups)
                   : dl::convolution(x, weight_of(outs, channels / groups), window, groups);
  if (chance(2)) y = y + weight({outs});
  if (y.shape() == x.shape()) y = y + x;
  return maximum(y * 0.5, 0);
}

inline Value RandomGraph::reduction(Value x) {
  if (x.shape().rank() == 0) return x;
  switch (draw(5)) {
    case 0: return softmax(x);
    case 1: return log_softmax(x) * 0.1;
    case 2: return mean(x, axes(x.shape()));
    case 3: return max(x, axes(x.shape()));
    default: return tanh(sum(x, axes(x.shape())));
  }
}

inline Value RandomGraph::moved(Value x) {
  const int rank = x.shape().rank();
  switch (draw(4)) {
    case 0: return reshape(x, {-1, x.shape().last()});
    case 1: return rank > 0 ? reshape(x, {x.shape()[0], -1}) : x;
    case 2: {
      std::vector<int> order;
      for (int i = 0; i < rank; ++i) order.insert(order.begin() + draw(i + 1), i);
      return transpose(x, order);
    }
    default: {
      Shape shape = x.shape();
      for (int i = 0; i < rank; ++i) {
        if (shape[i] == 1 && chance(2)) shape[i] = 1 + draw(5);
      }
      return broadcast_to(x, shape);
    }
  }
}

inline void RandomGraph::step() {
  // The newest value more often than the others, so that chains grow long.
  const Value x = chance(2) ? pool_.back() : pick();
  switch (draw(10)) {
    case 0: return keep(x.shape().rank() > 0 ? normalized(x) : x);
    case 1: return keep(x.shape().rank() > 0 ? product(x) : x);
    case 2:
    case 3: return keep(convolution(x));
    case 4: return keep(reduction(x));
    case 5: return keep(moved(x));
    default: return keep(elementwise(x));
  }
}

inline Value RandomGraph::loss_of(Value x) {
  if (x.shape().rank() == 2 && chance(2)) {  // cross entropy
    const Value labels = fed({x.shape()[0]}, DType::i32);
    const Value hit = equal(iota(graph, x.shape()[1]), reshape(labels, {-1, 1}));
    return sum(hit * log_softmax(x)) * (-1.0 / static_cast<double>(x.shape()[0]));
  }
  return mean(x * x);
}

inline void RandomGraph::build(int64_t scale) {
  const int64_t most = 4096;
  flat_ = variable(graph, {"parameters", {DType::f32, {most}}});
  feed["parameters"] = random_numbers(most, seed_, -0.5f, 0.5f);
  tick_ = input(graph, "step", {DType::i32, {}});
  feed["step"] = {static_cast<float>(seed_ % 1000)};
  const int64_t batch = scale * (1 + draw(4));
  keep(fed({batch, 1 + draw(6), 1 + draw(6), 1 + draw(5)}));
  if (chance(2)) keep(fed({batch, 1 + draw(20)}));
  if (chance(2)) keep(fed({batch, 1 + draw(4), 1, 1 + draw(3)}, DType::u8));
  keep(weight({1 + draw(4)}));
  graph.scope = "network";  // what is kept of it may be kept in bf16
  const int64_t steps = 4 + draw(16);
  for (int64_t i = 0; i < steps && parameters_ < most - 1500; ++i) step();

  graph.scope.clear();
  Value loss = loss_of(pool_.back());
  if (chance(2)) loss = loss + loss_of(pick());
  graph.output("loss", loss);
  for (int k = 0; k < 3; ++k) {
    if (chance(2)) graph.output("value" + std::to_string(k), pick());
  }
  const std::vector<Value> d = gradients(loss, weights_);
  std::vector<Value> parts;
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < d.size(); ++i) {
    if (!d[i]) continue;
    parts.push_back(d[i]);
    offsets.push_back(shapes_[i].first);
  }
  if (parts.empty()) return;
  Value g = pack(parts, offsets, most);
  const Value norm = sqrt(sum(g * g));
  graph.output("grad_norm", norm);
  if (chance(2)) g = g * minimum(1 / (norm + 1e-6), 1);
  // An optimizer step.
  if (chance(2)) {
    const Value velocity = variable(graph, {"momentum", {DType::f32, {most}}});
    feed["momentum"] = random_numbers(most, seed_ + 1, -0.01f, 0.01f);
    g = velocity * 0.9 + g;
    graph.assign("momentum", g);
  }
  graph.assign("parameters", flat_ - g * 0.1);
}

}  // namespace dl::testing
