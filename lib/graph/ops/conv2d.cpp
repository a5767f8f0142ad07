// Convolution: shapes, gradients, cost.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/conv2d.h"

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

int64_t Window::output(int axis, int64_t input) const {
  const size_t i = static_cast<size_t>(axis);
  const int64_t room = plus(input, plus(pad_before[i], pad_after[i])) - times(dilation[i], size[i] - 1) - 1;
  return room < 0 ? 0 : room / stride[i] + 1;
}

std::string Window::text() const {
  return concat(size[0], "x", size[1], " stride ", stride[0], "x", stride[1], " pad ", pad_before[0], "+", pad_after[0],
                "x", pad_before[1], "+", pad_after[1], " dilation ", dilation[0], "x", dilation[1]);
}

namespace {

constexpr int64_t most_places = 1 << 22;  // of a kernel, and of what it passes over: devices make tables of them

// Every product of a weight with an input or its padding, counted as two operations.
double conv_flops(const Shape& output, const Shape& weight) {
  double each = 2;
  for (const int axis : {1, 2, 3}) each *= static_cast<double>(weight[axis]);
  return each * static_cast<double>(output.elements());
}

Narrow narrow_in(const Shape& weight, int64_t groups) {
  return groups > 1 && weight[1] == 1 ? Narrow::no : Narrow::operands;
}

}  // namespace

Narrow Conv2d::narrow(std::span<const Type> in) const { return narrow_in(in[1].shape, groups); }
Narrow Conv2dGradInput::narrow(std::span<const Type> in) const { return narrow_in(in[1].shape, groups); }
Narrow Conv2dGradWeight::narrow(std::span<const Type>) const { return narrow_in(weight_shape, groups); }

std::string Conv2d::attributes() const { return concat(window.text(), " groups ", groups); }

std::vector<Type> Conv2d::infer(std::span<const Type> inputs) const {
  const Shape &x = inputs[0].shape, &w = inputs[1].shape;
  DL_CHECK(x.rank() == 4 && w.rank() == 4 && x[3] == w[1] * groups && w[0] % groups == 0, "conv2d of ", x.text(),
           " with ", w.text());
  DL_CHECK(w[2] == window.size[0] && w[3] == window.size[1], "window ", window.text(), " of weight ", w.text());
  if (times(w[2], w[3]) > most_places) {
    throw ShapeError(concat("a kernel of ", w[2], "x", w[3], " has more than ", most_places, " weights a channel"),
                     "lower kernel_size");
  }
  if (times(window.stride[0], window.stride[1]) > most_places) {
    throw ShapeError(concat("a stride of ", window.stride[0], "x", window.stride[1], " passes over more than ",
                            most_places, " places"),
                     "lower stride");
  }
  const int64_t oh = window.output(0, x[1]), ow = window.output(1, x[2]);
  if (oh < 1 || ow < 1) {
    throw ShapeError(
        concat("a ", window.size[0], "x", window.size[1], " kernel does not fit into an image of ", x[1], "x", x[2]),
        "pad, or use a smaller kernel_size or fewer strides before");
  }
  return {Type{DType::f32, {x[0], oh, ow, w[0]}}};
}

std::vector<Value> Conv2d::gradient(const Backward& b) const {
  const Value x = b.inputs[0], w = b.inputs[1], dy = b.gradients[0];
  return {x.graph->add_one(std::make_shared<Conv2dGradInput>(window, groups, x.shape()), {dy, w}),
          x.graph->add_one(std::make_shared<Conv2dGradWeight>(window, groups, w.shape()), {x, dy})};
}

Cost Conv2d::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = conv_flops(outputs[0].shape, inputs[1].shape);
  return cost;
}

std::string Conv2dGradInput::attributes() const {
  return concat(window.text(), " groups ", groups, " ", input_shape.text());
}

Cost Conv2dGradInput::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = conv_flops(inputs[0].shape, inputs[1].shape);
  return cost;
}

std::string Conv2dGradWeight::attributes() const {
  return concat(window.text(), " groups ", groups, " ", weight_shape.text());
}

Cost Conv2dGradWeight::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = conv_flops(inputs[1].shape, weight_shape);
  return cost;
}

Value conv2d(Value x, Value weight, const Window& window, int64_t groups) {
  return x.graph->add_one(std::make_shared<Conv2d>(window, groups),
                          {x.type().dtype == weight.type().dtype ? x : as_f32(x), weight});
}

}  // namespace dl
