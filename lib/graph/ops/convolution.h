// Convolution (as the field has it: cross-correlation) over one to three axes, and its two gradients. Each is the
// gradient of the others, so that all of them train: a transposed convolution is the gradient with respect to the
// input.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// inputs: x [n, spatial …, c], weight [out, c / groups, size …]; output [n, outputs …, out]. Both f32 or both bf16,
// here and below; the output is f32.
struct Convolution final : Op {
  Convolution(Window window, int64_t groups) : window(window), groups(groups) {}
  std::string_view name() const override { return "convolution"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  // Channels that are convolved each by itself are a matter of memory, not of products.
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
};

struct ConvolutionGradInput final : Op {  // inputs: dy [n, outputs …, out], weight; output: dx of input_shape
  ConvolutionGradInput(Window window, int64_t groups, Shape input_shape)
      : window(window), groups(groups), input_shape(std::move(input_shape)) {}
  std::string_view name() const override { return "convolution_grad_input"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
  const Shape input_shape;
};

struct ConvolutionGradWeight final : Op {  // inputs: x, dy; output: dweight of weight_shape
  ConvolutionGradWeight(Window window, int64_t groups, Shape weight_shape)
      : window(window), groups(groups), weight_shape(std::move(weight_shape)) {}
  std::string_view name() const override { return "convolution_grad_weight"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Narrow narrow(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
  const int64_t groups;
  const Shape weight_shape;
};

}  // namespace dl
