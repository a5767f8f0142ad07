// Tensors laid beside each other along one axis, and a part of a tensor.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Concat final : Op {  // inputs: parts of one type that differ in their sizes along `axis` only
  explicit Concat(int axis) : axis(axis) {}
  std::string_view name() const override { return "concat"; }
  std::string attributes() const override { return std::to_string(axis); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  const int axis;
};

struct Slice final : Op {  // inputs: x; output: x at [begin, begin + size) of `axis`
  Slice(int axis, int64_t begin, int64_t size) : axis(axis), begin(begin), size(size) {}
  std::string_view name() const override { return "slice"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const int axis;
  const int64_t begin, size;
};

}  // namespace dl
