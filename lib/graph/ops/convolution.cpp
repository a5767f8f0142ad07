// Convolution: shapes, gradients, cost.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/convolution.h"

#include "lib/base/error.h"
#include "lib/graph/ops/window.h"

namespace dl {

namespace {

constexpr int64_t most_places = 1 << 22;  // of a kernel, and of what it passes over: devices make tables of them

// Every product of a weight with an input or its padding, counted as two operations.
double conv_flops(const Shape& output, const Shape& weight) {
  double each = 2;
  for (int axis = 1; axis < weight.rank(); ++axis) each *= static_cast<double>(weight[axis]);
  return each * static_cast<double>(output.elements());
}

// The shape of y for x and the weight; ShapeError where the window is too large or does not fit.
Shape convolved(const Window& window, int64_t groups, const Shape& x, const Shape& weight) {
  DL_CHECK(window.rank >= 1 && window.rank <= static_cast<int>(Window::most_axes) && x.rank() == window.rank + 2 &&
               weight.rank() == x.rank() && x.last() == weight[1] * groups && weight[0] % groups == 0,
           "convolution of ", x.text(), " with ", weight.text(), " in ", groups, " groups");
  for (int axis = 0; axis < window.rank; ++axis)
    DL_CHECK(weight[axis + 2] == window.size[static_cast<size_t>(axis)], "window ", window.text(), " of weight ",
             weight.text());
  const std::string size = text_of(window, window.size),
                    what = window.rank == 1 ? "kernel of " + size : size + " kernel";
  if (product_of(window, window.size) > most_places) {
    throw ShapeError(concat("a kernel of ", size, " has more than ", most_places, " weights a channel"),
                     "lower kernel_size");
  }
  if (product_of(window, window.stride) > most_places) {
    throw ShapeError(
        concat("a stride of ", text_of(window, window.stride), " passes over more than ", most_places, " places"),
        "lower stride");
  }
  return output_shape(window, x, weight[0], "a " + what, "pad, or use a smaller kernel_size or fewer strides before");
}

}  // namespace

std::vector<Type> ConvolutionOp::infer(std::span<const Type> inputs) const {
  const Shapes s = shapes(inputs);
  const Shape y = convolved(window, groups, s.x, s.weight);
  DL_CHECK(!s.y || *s.y == y, "a gradient ", s.y->text(), " of ", y.text());
  return {Type{DType::f32, made(y)}};
}

Narrow ConvolutionOp::narrow(std::span<const Type> inputs) const {
  return groups > 1 && shapes(inputs).weight[1] == 1 ? Narrow::no : Narrow::operands;
}

Cost ConvolutionOp::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const Shapes s = shapes(inputs);
  cost.flops = conv_flops(s.y ? *s.y : outputs[0].shape, s.weight);
  return cost;
}

std::string ConvolutionOp::text() const { return concat(window.text(), " groups ", groups); }

std::vector<Value> Convolution::gradient(const Backward& b) const {
  const Value x = b.inputs[0], w = b.inputs[1], dy = b.gradients[0];
  return {x.graph->add_one(std::make_shared<ConvolutionGradInput>(window, groups, x.shape()), {dy, w}),
          x.graph->add_one(std::make_shared<ConvolutionGradWeight>(window, groups, w.shape()), {x, dy})};
}

// It is linear in both of its inputs: what it makes of dy and of the weight goes back as a convolution.
std::vector<Value> ConvolutionGradInput::gradient(const Backward& b) const {
  const Value dy = b.inputs[0], w = b.inputs[1], ddx = b.gradients[0];
  return {convolution(ddx, w, window, groups),
          ddx.graph->add_one(std::make_shared<ConvolutionGradWeight>(window, groups, w.shape()), {ddx, dy})};
}

std::vector<Value> ConvolutionGradWeight::gradient(const Backward& b) const {
  const Value x = b.inputs[0], dy = b.inputs[1], ddw = b.gradients[0];
  return {x.graph->add_one(std::make_shared<ConvolutionGradInput>(window, groups, x.shape()), {dy, ddw}),
          convolution(x, ddw, window, groups)};
}

namespace {

Value like(Value x, Value weight) { return x.type().dtype == weight.type().dtype ? x : as_f32(x); }

}  // namespace

Value convolution(Value x, Value weight, const Window& window, int64_t groups) {
  return x.graph->add_one(std::make_shared<Convolution>(window, groups), {like(x, weight), weight});
}

Value transposed_convolution(Value x, Value weight, const Window& window, const Shape& output, int64_t groups) {
  std::vector<int64_t> sizes{x.shape()[0]};
  sizes.insert(sizes.end(), output.sizes().begin(), output.sizes().end());
  sizes.push_back(weight.shape()[1] * groups);
  return x.graph->add_one(std::make_shared<ConvolutionGradInput>(window, groups, Shape(std::move(sizes))),
                          {like(x, weight), weight});
}

}  // namespace dl
