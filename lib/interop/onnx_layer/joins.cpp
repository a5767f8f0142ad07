// ONNX's operators that make more of tensors: joined, repeated, and with margins.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "lib/base/text.h"
#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/moving.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/axes.h"

namespace dl::onnx {
namespace {

void take_concat(Taking& t, const ReadNode& node) {
  const int rank = t.at(node, 0).rank();
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", 0), rank);
  bool all_known = true;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    all_known &= t.known(node, i) != nullptr;
    if (t.at(node, i).rank() != rank) t.fail(node, "joins tensors of different numbers of axes");
  }
  if (all_known && rank == 1) {
    ReadTensor all = *t.known(node, 0);
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const ReadTensor& more = *t.known(node, i);
      if (more.is_float != all.is_float) t.fail(node, "joins floats and whole numbers");
      t.expect_known(node, all.count() + more.count(), 0);
      all.floats.insert(all.floats.end(), more.floats.begin(), more.floats.end());
      all.integers.insert(all.integers.end(), more.integers.begin(), more.integers.end());
      all.sizes[0] += more.sizes[0];
    }
    return t.give_known(node, 0, std::move(all));
  }
  AxisOrder order = natural_order(rank);
  int64_t most = -1;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (const Taken& x = t.at(node, i); x.value && x.value.shape().elements() > most)
      most = x.value.shape().elements(), order = x.order;
  std::vector<Value> parts;
  bool floats = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Whole sizes = t.at(node, i).sizes();
    if (Shape(sizes).elements() == 0) continue;  // nothing is joined
    parts.push_back(t.in_order(node, i, order));
    floats |= parts.back().type().dtype == DType::f32;
  }
  if (parts.empty()) t.fail(node, "joins nothing: all its parts are empty");
  if (floats)
    for (Value& part : parts) part = as_f32(part);
  // What a model has once for all samples was repeated for those of its example: for one, not at all.
  if (axis != 0 && t.traced_batch() == 1)
    for (Value& part : parts) {
      Shape shape = part.shape();
      const int first = place_of(order, 0);
      int64_t most_samples = 1;
      for (const Value& other : parts) most_samples = std::max(most_samples, other.shape()[first]);
      if (shape[first] != 1 || most_samples == 1) continue;
      Whole repeated = shape.sizes();
      repeated[static_cast<size_t>(first)] = most_samples;
      part = broadcast_to(part, Shape(std::move(repeated)));
    }
  t.give(node, 0, parts.size() == 1 ? parts[0] : concatenate(std::move(parts), place_of(order, axis)), order);
}

// NumPy's broadcasting to a shape.
void take_expand(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const Whole wanted = t.integers(node, 1);
  t.expect_sizes(node, wanted);
  const Shape shape = broadcast(Shape(x.sizes()), Shape(wanted));
  const ReadTensor* known = t.known(node, 0);
  if (known && (shape.elements() <= (known->is_float ? few_known : most_known) || shape.elements() == known->count())) {
    const Whole strides = strides_of(known->sizes);
    const size_t more = static_cast<size_t>(shape.rank()) - known->sizes.size();
    return t.give_known(node, 0, gathered(t, node, *known, shape.sizes(), [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < strides.size(); ++i)
                            if (known->sizes[i] > 1) at += index[i + more] * strides[i];
                          return at;
                        }));
  }
  Value value = t.value(node, 0);
  Whole sizes(static_cast<size_t>(shape.rank() - value.shape().rank()), 1);
  sizes.insert(sizes.end(), value.shape().sizes().begin(), value.shape().sizes().end());
  t.give(node, 0, broadcast_to(reshape(value, Shape(std::move(sizes))), shape));
}

// A value several times behind itself along an axis.
Value tiled(Taking& t, const ReadNode& node, Value x, int axis, int64_t times) {
  constexpr int64_t few = 64, most = 4096;  // parts that are laid beside each other
  if (times <= (x.type().dtype == DType::f32 ? few : most))
    return concatenate(std::vector<Value>(static_cast<size_t>(times), x), axis);
  if (x.type().dtype != DType::f32) t.fail(node, concat("repeats whole numbers ", times, " times, more than ", most));
  Whole sizes = x.shape().sizes(), whole = sizes;
  whole[static_cast<size_t>(axis)] = dl::times(whole[static_cast<size_t>(axis)], times);
  sizes.insert(sizes.begin() + axis, 1);
  x = reshape(x, Shape(sizes));
  sizes[static_cast<size_t>(axis)] = times;
  return reshape(broadcast_to(x, Shape(std::move(sizes))), Shape(std::move(whole)));
}

void take_tile(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const Whole from = x.sizes(), times = t.integers(node, 1);
  if (times.size() != from.size()) t.fail(node, "has another number of repeats than axes");
  if (const auto below = std::ranges::find_if(times, [](int64_t n) { return n < 0; }); below != times.end())
    t.fail(node, concat("repeats an axis ", *below, " times"));
  if (const ReadTensor* known = t.known(node, 0)) {
    Whole sizes;
    for (size_t i = 0; i < from.size(); ++i) sizes.push_back(dl::times(from[i], times[i]));
    const Whole strides = strides_of(from);
    return t.give_known(node, 0, gathered(t, node, *known, sizes, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i) at += index[i] % from[i] * strides[i];
                          return at;
                        }));
  }
  Value y = t.value(node, 0);
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i] == 0) t.fail(node, concat("repeats axis ", i, " 0 times, which leaves nothing"));
    if (times[i] > 1) y = tiled(t, node, y, static_cast<int>(i), times[i]);
  }
  t.give(node, 0, y);
}

void take_pad(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  const std::string mode = t.attribute<std::string>(node, "mode", "constant");
  Whole pads = list_of(t, node, 1, "pads", 11), axes;
  if (t.has(node, 3)) axes = t.integers(node, 3);
  if (axes.empty())
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  double filling = 0;
  if (t.opset() < 11)
    filling = t.attribute<float>(node, "value", 0);
  else if (t.has(node, 2) && !t.floats(node, 2).empty())
    filling = t.floats(node, 2)[0];
  if (pads.size() != 2 * axes.size()) t.fail(node, "has another number of pads than axes");
  static constexpr std::array modes{"constant", "edge", "reflect", "wrap"};
  if (std::ranges::none_of(modes, [&](const char* known) { return mode == known; }))
    t.fail(node, concat("expected 'mode' to be constant, edge, reflect or wrap, got '", shortened(mode), "'"));
  const AxisOrder order = x.value ? x.order : natural_order(rank);
  Value y = t.in_order(node, 0, order);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = place_of(order, axis_in(node, t, axes[i], rank));
    const int64_t before = pads[i], behind = pads[i + axes.size()], size = y.shape()[axis];
    if (before == 0 && behind == 0) continue;
    constexpr int64_t most = int64_t{1} << 58;
    if (std::min(before, behind) < -most || std::max(before, behind) > most || before + behind > most - size)
      t.fail(node, concat("pads with ", before, " and ", behind, " places"));
    if (size + before + behind < 1 || size + std::min(before, behind) < 0)
      t.fail(node, concat("leaves nothing of axis ", axes[i]));
    if (mode == "constant") {
      if (before < 0 || behind < 0) {
        y = slice(y, axis, std::max<int64_t>(-before, 0),
                  size - std::max<int64_t>(-before, 0) - std::max<int64_t>(-behind, 0));
      }
      const auto blank = [&](int64_t n) {
        Shape shape = y.shape();
        shape[axis] = n;
        return broadcast_to(constant(t.graph(), filling), shape);
      };
      std::vector<Value> parts;
      if (before > 0) parts.push_back(blank(before));
      parts.push_back(as_f32(y));
      if (behind > 0) parts.push_back(blank(behind));
      y = parts.size() == 1 ? y : concatenate(std::move(parts), axis);
      continue;
    }
    if (size == 0) t.fail(node, concat("repeats places of axis ", axes[i], ", which has none"));
    t.expect_known(node, size + before + behind, 0);
    Whole places;
    for (int64_t at = -before; at < size + behind; ++at) {
      int64_t place = at;
      if (mode == "edge") place = std::clamp<int64_t>(at, 0, size - 1);
      if (mode == "wrap") place = ((at % size) + size) % size;
      if (mode == "reflect") {
        if (std::max(before, behind) >= size) t.fail(node, "mirrors more than there is");
        place = at < 0 ? -at : at >= size ? 2 * size - 2 - at : at;
      }
      places.push_back(place);
    }
    y = take(y, axis, places);
  }
  t.give(node, 0, y, order);
}

}  // namespace

const TakeTable& join_nodes() {
  static const TakeTable table = {
      {"Concat", take_concat},
      {"Expand", take_expand},
      {"Pad", take_pad},
      {"Tile", take_tile},
  };
  return table;
}

}  // namespace dl::onnx
