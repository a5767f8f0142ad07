// Convolution (as the field has it: cross-correlation) over one to three axes, and its two gradients. Each is the
// gradient of the others, so that all of them train: a transposed convolution is the gradient with respect to the
// input.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// x [n, spatial …, c], weight [out, c / groups, size …] and y [n, outputs …, out], or gradients of the same shapes:
// each operation makes one of them of the other two. Both inputs are f32 or both bf16; the output is f32.
struct ConvolutionOp : Op {
  ConvolutionOp(Window window, int64_t groups) : window(window), groups(groups) {}
  std::vector<Type> infer(std::span<const Type> inputs) const final;
  // Channels that are convolved each by itself are a matter of memory, not of products.
  Narrow narrow(std::span<const Type> inputs) const final;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const final;
  const Window window;
  const int64_t groups;

 protected:
  std::string text() const;
  struct Shapes {
    const Shape &x, &weight;
    const Shape* y;  // null where it is what is made
  };
  virtual Shapes shapes(std::span<const Type> inputs) const = 0;
  virtual const Shape& made(const Shape& y) const = 0;  // the output's shape
};

struct Convolution final : ConvolutionOp {  // inputs: x, weight
  using ConvolutionOp::ConvolutionOp;
  std::string_view name() const override { return "convolution"; }
  std::string attributes() const override { return text(); }
  std::vector<Value> gradient(const Backward& b) const override;

 private:
  Shapes shapes(std::span<const Type> in) const override { return {in[0].shape, in[1].shape, nullptr}; }
  const Shape& made(const Shape& y) const override { return y; }
};

struct ConvolutionGradInput final : ConvolutionOp {  // inputs: dy, weight; output: dx of input_shape
  ConvolutionGradInput(Window window, int64_t groups, Shape input_shape)
      : ConvolutionOp(window, groups), input_shape(std::move(input_shape)) {}
  std::string_view name() const override { return "convolution_grad_input"; }
  std::string attributes() const override { return text() + " " + input_shape.text(); }
  std::vector<Value> gradient(const Backward& b) const override;
  const Shape input_shape;

 private:
  Shapes shapes(std::span<const Type> in) const override { return {input_shape, in[1].shape, &in[0].shape}; }
  const Shape& made(const Shape&) const override { return input_shape; }
};

struct ConvolutionGradWeight final : ConvolutionOp {  // inputs: x, dy; output: dweight of weight_shape
  ConvolutionGradWeight(Window window, int64_t groups, Shape weight_shape)
      : ConvolutionOp(window, groups), weight_shape(std::move(weight_shape)) {}
  std::string_view name() const override { return "convolution_grad_weight"; }
  std::string attributes() const override { return text() + " " + weight_shape.text(); }
  std::vector<Value> gradient(const Backward& b) const override;
  const Shape weight_shape;

 private:
  Shapes shapes(std::span<const Type> in) const override { return {in[0].shape, weight_shape, &in[1].shape}; }
  const Shape& made(const Shape&) const override { return weight_shape; }
};

}  // namespace dl
