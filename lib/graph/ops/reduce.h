// Sums, maxima and moments over axes, which stay with size 1.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Reduce final : Op {  // inputs: x
  enum class Kind { sum, max };
  Reduce(Kind kind, std::vector<int> axes) : kind(kind), axes(std::move(axes)) {}
  std::string_view name() const override { return kind == Kind::sum ? "reduce_sum" : "reduce_max"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Kind kind;
  const std::vector<int> axes;  // ascending, not negative
};

// Mean and biased variance over axes.
struct MomentsOp final : Op {  // inputs: x; outputs: mean, variance
  explicit MomentsOp(std::vector<int> axes) : axes(std::move(axes)) {}
  std::string_view name() const override { return "moments"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const std::vector<int> axes;  // ascending, not negative
};

// x's shape with the axes' sizes 1.
Shape reduced(const Shape& x, const std::vector<int>& axes);
// How many elements of x make one of the result.
int64_t reduced_count(const Shape& x, const std::vector<int>& axes);

}  // namespace dl
