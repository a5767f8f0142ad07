// Pooling. The windows of a sequence are those of an image of one row, those of a volume first windows of its planes,
// then windows along its depth: the largest of the planes' largest numbers is the volume's, also which of equals comes
// first, and the mean of means of equally many is the mean of all.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/pool.h"

#include <limits>

#include "lib/base/error.h"
#include "lib/graph/ops/window.h"
#include "lib/graph/sizes.h"

namespace dl {

std::vector<Type> MaxPool2d::infer(std::span<const Type> inputs) const {
  const Shape& x = inputs[0].shape;
  DL_CHECK(window.rank == 2 && x.rank() == 4, "max_pool2d of ", x.text(), " by ", window.text());
  const Shape y{x[0], window.output(0, x[1]), window.output(1, x[2]), x[3]};
  const int64_t places = times(window.size[0], window.size[1]);
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

namespace {

// The shape of the result; ShapeError where the window does not fit, or has more places than are counted.
Shape pooled_shape(const Window& window, const Shape& x) {
  DL_CHECK(x.rank() == window.rank + 2, "pooling of ", x.text(), " by ", window.text());
  const std::string size = text_of(window, window.size),
                    what = window.rank == 1 ? "window of " + size : size + " window";
  Shape y = output_shape(window, x, x.last(), "a " + what, "use a smaller window or fewer strides before");
  constexpr int64_t most_places = std::numeric_limits<int32_t>::max();
  if (product_of(window, window.size) > most_places) {
    throw ShapeError(concat("a window of ", size, " has more than ", most_places, " places"), "use a smaller window");
  }
  return y;
}

// A window over images: those of two of the axes of `window`, none (-1) being an axis of one place.
Window over_image(const Window& window, int rows, int columns) {
  Window image;
  for (size_t to = 0; to < 2; ++to) {
    const int from = to == 0 ? rows : columns;
    if (from < 0) continue;
    const size_t i = static_cast<size_t>(from);
    image.size[to] = window.size[i];
    image.stride[to] = window.stride[i];
    image.pad_before[to] = window.pad_before[i];
    image.pad_after[to] = window.pad_after[i];
    image.dilation[to] = window.dilation[i];
  }
  return image;
}

bool does_nothing(const Window& window) {
  return window.all(window.size, 1) && window.all(window.stride, 1) && window.all(window.pad_before, 0) &&
         window.all(window.pad_after, 0);
}

// Pools x of any rank by `pool`, which pools images.
template <class Pool>
Value pool_as_images(Value x, const Window& window, Pool pool) {
  const Shape shape = x.shape(), y = pooled_shape(window, shape);
  if (window.rank == 2) return pool(x, window);
  if (window.rank == 1)
    return reshape(pool(reshape(x, {shape[0], 1, shape[1], shape[2]}), over_image(window, -1, 0)), y);
  const Window plane = over_image(window, 1, 2), depth = over_image(window, 0, -1);
  const int64_t channels = shape[4], places = times(y[2], y[3]);
  if (!does_nothing(plane)) x = pool(reshape(x, {times(shape[0], shape[1]), shape[2], shape[3], channels}), plane);
  if (!does_nothing(depth)) x = pool(reshape(x, {shape[0], shape[1], places, channels}), depth);
  return reshape(x, y);
}

}  // namespace

Value max_pool(Value x, const Window& window) {
  return pool_as_images(as_f32(x), window, [](Value image, const Window& over) {
    return image.graph->add(std::make_shared<MaxPool2d>(over), {image})[0];
  });
}

// Each channel by itself, with equal weights.
Value avg_pool(Value x, const Window& window) {
  return pool_as_images(x, window, [](Value image, const Window& over) {
    const int64_t channels = image.shape()[3];
    const Value share = constant(*image.graph, 1 / static_cast<double>(times(over.size[0], over.size[1])));
    return convolution(image, broadcast_to(share, {channels, 1, over.size[0], over.size[1]}), over, channels);
  });
}

}  // namespace dl
