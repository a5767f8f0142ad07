// Anchors, and boxes by their differences from them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/detections.h"

#include <cmath>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr double place_scale = 10, size_scale = 5;

// One of two columns side by side, [batch, anchors, 1].
Value column(Value x, int64_t i) { return slice(x, 2, i, 1); }

// Along an axis of the image, [batch, anchors, 1] each; `axis` 0 is across, 1 down.
struct Extent {
  Value middle, size;
};
Extent extent(Value boxes, int64_t axis) {
  const Value begin = column(boxes, axis), size = column(boxes, axis + 2) - begin;
  return {begin + 0.5 * size, size};
}

}  // namespace

Value anchor_columns(Graph& g, int64_t batch, Pair image, Pair map, std::span<const Pair> sizes) {
  const auto n = std::ssize(sizes);
  const Shape all{map.h, map.w, n, 1};
  const auto middles = [&](int64_t places, int64_t pixels, Shape shape) {
    return broadcast_to(
        reshape((iota(g, places) + 0.5) * (static_cast<double>(pixels) / static_cast<double>(places)), shape), all);
  };
  const auto halves = [&](int64_t Pair::*side) {
    std::vector<Value> values;
    for (const Pair& size : sizes) values.push_back(reshape(constant(g, static_cast<double>(size.*side) / 2), {1}));
    return broadcast_to(reshape(n == 1 ? values[0] : concatenate(std::move(values), 0), {1, 1, n, 1}), all);
  };
  const Value x = middles(map.w, image.w, {1, map.w, 1, 1}), y = middles(map.h, image.h, {map.h, 1, 1, 1});
  const Value w = halves(&Pair::w), h = halves(&Pair::h);
  const auto whole = [&](int64_t pixels) { return broadcast_to(constant(g, static_cast<double>(pixels)), all); };
  const Value columns = concatenate({x - w, y - h, x + w, y + h, whole(image.w), whole(image.h)}, 3);
  const int64_t anchors = map.h * map.w * n;
  return broadcast_to(reshape(columns, {1, anchors, AnchorColumns::offsets}), {batch, anchors, AnchorColumns::offsets});
}

Anchored anchored(Value prediction) {
  const Shape& shape = prediction.shape();
  if (shape.rank() != 3 || shape[2] <= AnchorColumns::besides_classes)
    throw ShapeError(
        concat("expected anchors with offsets and scores, as 'ssd_head' gives, got ", shape.without_batch().text()),
        "end the model with 'ssd_head: {anchors: [[32, 32]], classes: ${data.classes}}'");
  const Value numbers = as_f32(prediction);
  const auto columns = [&](int64_t begin, int64_t end) { return slice(numbers, 2, begin, end - begin); };
  return {stop_gradient(columns(AnchorColumns::anchor, AnchorColumns::image)),
          stop_gradient(columns(AnchorColumns::image, AnchorColumns::offsets)),
          columns(AnchorColumns::offsets, AnchorColumns::scores), columns(AnchorColumns::scores, shape[2])};
}

Value offsets_of(Value boxes, Value anchors) {
  std::vector<Value> places, sizes;
  for (const int64_t axis : {0, 1}) {
    const Extent box = extent(boxes, axis), anchor = extent(anchors, axis);
    places.push_back(place_scale * (box.middle - anchor.middle) / anchor.size);
    const Value share = box.size / anchor.size;
    sizes.push_back(size_scale * log(where(share > 0, share, 1)));
  }
  return concatenate({places[0], places[1], sizes[0], sizes[1]}, 2);
}

Value boxes_at(const Anchored& parts) {
  const double most = std::log(1000.0 / 16);
  std::vector<Value> begins, ends;
  for (const int64_t axis : {0, 1}) {
    const Extent anchor = extent(parts.anchor, axis);
    const Value middle = column(parts.offsets, axis) / place_scale * anchor.size + anchor.middle;
    const Value half = 0.5 * exp(minimum(column(parts.offsets, axis + 2) / size_scale, most)) * anchor.size;
    const Value edge = column(parts.image, axis);
    begins.push_back(minimum(maximum(middle - half, 0), edge));
    ends.push_back(minimum(maximum(middle + half, 0), edge));
  }
  return concatenate({begins[0], begins[1], ends[0], ends[1]}, 2);
}

}  // namespace dl
