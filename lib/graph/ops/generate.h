// Values made from nothing: indices, given numbers and random ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

struct Iota final : Op {  // inputs: none; f32 [n]: 0, 1, …
  explicit Iota(int64_t n) : n(n) {}
  std::string_view name() const override { return "iota"; }
  std::string attributes() const override { return std::to_string(n); }
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{DType::f32, {n}}}; }
  const int64_t n;
};

struct GivenNumbers final : Op {  // inputs: none; f32 [n]: the given values
  explicit GivenNumbers(std::vector<float> values) : values(std::move(values)) {}
  std::string_view name() const override { return "numbers"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type>) const override {
    return {Type{DType::f32, {static_cast<int64_t>(values.size())}}};
  }
  const std::vector<float> values;
};

Value numbers(Graph& g, std::vector<float> values);  // one at least

// Element i is random_uniform(key, step, i) of base/random.h.
struct RandomUniform final : Op {  // inputs: step, i32 []
  RandomUniform(Shape shape, uint64_t key) : shape(std::move(shape)), key(key) {}
  std::string_view name() const override { return "random_uniform"; }
  std::string attributes() const override { return std::to_string(key) + " " + shape.text(); }
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{DType::f32, shape}}; }
  std::vector<Value> gradient(const Backward& b) const override { return no_gradient(b); }
  const Shape shape;
  const uint64_t key;
};

}  // namespace dl
