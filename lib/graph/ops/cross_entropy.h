// Cross-entropy of a softmax over many classes, alone and together with the linear layer before it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

// From so many classes on, cross_entropy() is an operation of its own. With fewer it is written with elementwise
// functions and reductions, which become part of the loops around it.
constexpr int64_t many_classes = 2048;

// The loss of a row of logits x with the class t and label smoothing e is log(sum(exp(x))) - (1 - e) x[t] - e mean(x);
// a class that there is not stands for no x[t].

// inputs: logits f32 [rows, classes], classes i32 [rows]; outputs: losses [rows], log(sum(exp(x))) [rows].
struct CrossEntropy final : Op {
  explicit CrossEntropy(double smoothing) : smoothing(smoothing) {}
  std::string_view name() const override { return "cross_entropy"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const double smoothing;
};

// inputs: logits, classes, log(sum(exp(x))), d losses [rows]; output: d logits.
struct CrossEntropyGrad final : Op {
  explicit CrossEntropyGrad(double smoothing) : smoothing(smoothing) {}
  std::string_view name() const override { return "cross_entropy_grad"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override { return {inputs[0]}; }
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const double smoothing;
};

// The losses of logits x weight^T + bias without the logits ever being whole, and, where d losses are given, the
// gradients with them: what the pass join_linear_cross_entropy() makes of the two layers.
// inputs: x [rows, features] and weight [classes, features], both f32 or both bf16, classes i32 [rows]; with_bias: bias
//   [classes]; with_gradient: d losses [rows].
// outputs: losses [rows]; with_gradient: d x, d weight and, with_bias, d bias; all f32.
struct LinearCrossEntropy final : Op {
  LinearCrossEntropy(double smoothing, bool with_bias, bool with_gradient)
      : smoothing(smoothing), with_bias(with_bias), with_gradient(with_gradient) {}
  std::string_view name() const override { return "linear_cross_entropy"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  Narrow narrow(std::span<const Type>) const override { return Narrow::operands; }
  bool narrows(size_t input) const override { return input < 2; }
  const double smoothing;
  const bool with_bias, with_gradient;
};

}  // namespace dl
