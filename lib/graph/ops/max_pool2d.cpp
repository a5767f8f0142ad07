// Max pooling.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/max_pool2d.h"

#include <limits>

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

std::vector<Type> MaxPool2d::infer(std::span<const Type> inputs) const {
  const Shape& x = inputs[0].shape;
  DL_CHECK(x.rank() == 4, "max_pool2d of ", x.text());
  const int64_t oh = window.output(0, x[1]), ow = window.output(1, x[2]);
  if (oh < 1 || ow < 1) {
    throw ShapeError(
        concat("a ", window.size[0], "x", window.size[1], " window does not fit into an image of ", x[1], "x", x[2]),
        "use a smaller window or fewer strides before");
  }
  const int64_t places = times(window.size[0], window.size[1]);
  if (places > std::numeric_limits<int32_t>::max()) {
    throw ShapeError(concat("a window of ", window.size[0], "x", window.size[1], " has more than ",
                            std::numeric_limits<int32_t>::max(), " places"),
                     "use a smaller window");
  }
  const Shape y{x[0], oh, ow, x[3]};
  return {Type{DType::f32, y}, Type{places <= 256 ? DType::u8 : DType::i32, y}};
}

std::vector<Value> MaxPool2d::gradient(const Backward& b) const {
  const Value x = b.inputs[0];
  return {x.graph->add_one(std::make_shared<MaxPool2dGrad>(window, x.shape()), {b.gradients[0], b.outputs[1]})};
}

Cost MaxPool2d::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = static_cast<double>(outputs[0].shape.elements()) * static_cast<double>(window.size[0]) *
               static_cast<double>(window.size[1]);
  return cost;
}

Value max_pool2d(Value x, const Window& window) {
  return x.graph->add(std::make_shared<MaxPool2d>(window), {as_f32(x)})[0];
}

}  // namespace dl
