// The maximum of each window of an image, and where it was. Sequences and volumes are pooled as images (pool.cpp).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

struct MaxPool2d final : Op {
  // inputs: x [n, h, w, c]; outputs: y [n, oh, ow, c] and [n, oh, ow, c], the place of the (first) maximum in its
  // window, row * width + column: u8 where the window has at most 256 places, else i32. Padding never wins.
  explicit MaxPool2d(Window window) : window(window) {}
  std::string_view name() const override { return "max_pool2d"; }
  std::string attributes() const override { return window.text(); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Window window;
};

struct MaxPool2dGrad final : Op {  // inputs: dy [n, oh, ow, c], the places; output: dx of input_shape
  MaxPool2dGrad(Window window, Shape input_shape) : window(window), input_shape(std::move(input_shape)) {}
  std::string_view name() const override { return "max_pool2d_grad"; }
  std::string attributes() const override { return window.text() + " " + input_shape.text(); }
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{DType::f32, input_shape}}; }
  const Window window;
  const Shape input_shape;
};

}  // namespace dl
