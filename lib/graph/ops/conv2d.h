// Two-dimensional convolution (as the field has it: cross-correlation) and its two gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

struct Conv2d final : Op {  // inputs: x [n, h, w, c], weight [out, c / groups, kh, kw]; output [n, oh, ow, out]
  Conv2d(Window window, int64_t groups) : window(window), groups(groups) {}
  std::string_view name() const override { return "conv2d"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  // Channels that are convolved each by itself are a matter of memory, not of products.
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
};

struct Conv2dGradInput final : Op {  // inputs: dy [n, oh, ow, out], weight; output: dx of input_shape
  Conv2dGradInput(Window window, int64_t groups, Shape input_shape)
      : window(window), groups(groups), input_shape(std::move(input_shape)) {}
  std::string_view name() const override { return "conv2d_grad_input"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{DType::f32, input_shape}}; }
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
  const Shape input_shape;
};

struct Conv2dGradWeight final : Op {  // inputs: x, dy; output: dweight of weight_shape
  Conv2dGradWeight(Window window, int64_t groups, Shape weight_shape)
      : window(window), groups(groups), weight_shape(std::move(weight_shape)) {}
  std::string_view name() const override { return "conv2d_grad_weight"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{DType::f32, weight_shape}}; }
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
  const Shape weight_shape;
};

}  // namespace dl
