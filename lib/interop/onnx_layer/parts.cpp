// ONNX's operators that take some of the elements: splits, slices, and what stands at given places.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "lib/interop/onnx_layer/moving.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/axes.h"

namespace dl::onnx {
namespace {

void take_split(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", 0), x.rank());
  const int64_t size = x.sizes()[static_cast<size_t>(axis)];
  Whole parts = list_of(t, node, 1, "split", 13);
  if (parts.empty()) {
    const auto count = static_cast<int64_t>(node.outputs.size()), each = size / count + (size % count > 0);
    for (int64_t i = 0; i < count; ++i) parts.push_back(std::min(each, size - i * each));
  }
  int64_t left = size;
  for (const int64_t part : parts) {
    if (part < 0 || part > left) t.fail(node, "its parts are not the whole");
    left -= part;
  }
  if (parts.size() != node.outputs.size() || left != 0) t.fail(node, "its parts are not the whole");
  const AxisOrder order = x.value ? x.order : natural_order(x.rank());
  int64_t begin = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (const ReadTensor* known = t.known(node, 0); known && x.rank() == 1) {
      t.give_known(node, i,
                   gathered(t, node, *known, {parts[i]}, [&](const Whole& index) { return begin + index[0]; }));
    } else {
      t.give(node, i, slice(t.in_order(node, 0, order), place_of(order, axis), begin, parts[i]), order);
    }
    begin += parts[i];
  }
}

// Which places of an axis are taken: `count` of them, every `step` from `begin` on.
struct SlicedAxis {
  int64_t begin = 0, step = 1, count = 0;
};

// As NumPy's begin:end:step of an axis of this size; backwards, what begins before the axis begins at its first place.
SlicedAxis sliced_axis(int64_t size, int64_t begin, int64_t end, int64_t step) {
  if (size == 0) return {};
  const auto bounded = [&](int64_t at, int64_t low, int64_t high) {
    if (at < 0) at = at < -size ? low : at + size;
    return std::clamp(at, low, high);
  };
  step = std::clamp(step, -size, size);  // further there is nothing
  begin = bounded(begin, 0, step > 0 ? size : size - 1);
  end = step > 0 ? bounded(end, 0, size) : end < -size ? -1 : bounded(end, -1, size - 1);
  const int64_t way = step > 0 ? end - begin : begin - end;
  return {begin, step, way <= 0 ? 0 : (way - 1) / std::abs(step) + 1};
}

void take_slice(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  const Whole starts = list_of(t, node, 1, "starts", 10), ends = list_of(t, node, 2, "ends", 10);
  Whole axes = list_of(t, node, 3, "axes", 10),
        steps = t.opset() >= 10 && t.has(node, 4) ? t.integers(node, 4) : Whole{};
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (ends.size() != starts.size() || axes.size() != starts.size() || (!steps.empty() && steps.size() != starts.size()))
    t.fail(node, "has other numbers of starts, ends and axes");
  const Whole from = x.sizes();
  std::vector<SlicedAxis> places;
  for (const int64_t size : from) places.push_back({0, 1, size});
  std::vector<int> changed;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int axis = axis_in(node, t, axes[i], rank);
    const int64_t step = steps.empty() ? 1 : steps[i];
    if (step == 0) t.fail(node, "has a step of 0");
    if (std::ranges::count(changed, axis) > 0) t.fail(node, concat("names axis ", axis, " twice"));
    places[static_cast<size_t>(axis)] = sliced_axis(from[static_cast<size_t>(axis)], starts[i], ends[i], step);
    changed.push_back(axis);
  }
  if (const ReadTensor* known = t.known(node, 0)) {
    const Whole strides = strides_of(known->sizes);
    Whole result;
    for (const SlicedAxis& of : places) result.push_back(of.count);
    return t.give_known(node, 0, gathered(t, node, *known, result, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i)
                            at += (places[i].begin + index[i] * places[i].step) * strides[i];
                          return at;
                        }));
  }
  const AxisOrder order = x.value ? x.order : natural_order(rank);
  Value y = t.in_order(node, 0, order);
  for (const int axis : changed) {
    const SlicedAxis& of = places[static_cast<size_t>(axis)];
    const int place = place_of(order, axis);
    if (of.count == 0) t.fail(node, concat("leaves nothing of axis ", axis));
    if (of.step == 1) {
      y = slice(y, place, of.begin, of.count);
      continue;
    }
    t.expect_known(node, of.count, 0);
    Whole each;
    for (int64_t i = 0; i < of.count; ++i) each.push_back(of.begin + i * of.step);
    y = take(y, place, each);
  }
  t.give(node, 0, y, order);
}

void take_gather(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0), at = t.at(node, 1);
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", 0), x.rank());
  const Whole from = x.sizes();
  if (at.value) {
    if (axis != 0 || x.rank() != 2) t.fail(node, "looks up by the data, which is known of the rows of a table alone");
    Value indices = t.value(node, 1);
    if (indices.type().dtype != DType::i32) t.fail(node, "looks up by numbers that are not whole");
    return t.give(node, 0, embedding(t.value(node, 0), indices));
  }
  Whole places = t.integers(node, 1);
  const int64_t size = from[static_cast<size_t>(axis)];
  for (int64_t& place : places) {
    if (place < -size || place >= size) t.fail(node, concat("there is no place ", place, " of ", size));
    if (place < 0) place += size;
  }
  Whole sizes(from.begin(), from.begin() + axis);
  const Whole wanted = at.known->sizes;
  sizes.insert(sizes.end(), wanted.begin(), wanted.end());
  sizes.insert(sizes.end(), from.begin() + axis + 1, from.end());
  if (const ReadTensor* known = t.known(node, 0)) {
    const Whole strides = strides_of(from), inner = strides_of(wanted);
    return t.give_known(node, 0, gathered(t, node, *known, sizes, [&](const Whole& index) {
                          int64_t place = 0, result = 0;
                          for (size_t i = 0; i < wanted.size(); ++i)
                            place += index[static_cast<size_t>(axis) + i] * inner[i];
                          for (size_t i = 0; i < from.size(); ++i) {
                            const size_t of = i < static_cast<size_t>(axis) ? i : i + wanted.size() - 1;
                            result += strides[i] *
                                      (i == static_cast<size_t>(axis) ? places[static_cast<size_t>(place)] : index[of]);
                          }
                          return result;
                        }));
  }
  if (places.empty()) t.fail(node, "takes nothing");
  t.give(node, 0, reshape(take(t.value(node, 0), axis, places), Shape(std::move(sizes))));
}

void take_gather_elements(Taking& t, const ReadNode& node) {
  const ReadTensor *x = t.known(node, 0), *at = t.known(node, 1);
  if (!x || !at) t.fail(node, "of values that depend on the data is not known here");
  if (at->is_float) t.fail(node, "has indices that are not whole numbers");
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", 0), static_cast<int>(x->sizes.size()));
  const Whole strides = strides_of(x->sizes), own = strides_of(at->sizes);
  if (x->sizes.size() != at->sizes.size()) t.fail(node, "has indices of other axes");
  t.give_known(node, 0, gathered(t, node, *x, at->sizes, [&](const Whole& index) {
                 int64_t of = 0, result = 0;
                 for (size_t i = 0; i < index.size(); ++i) of += index[i] * own[i];
                 for (size_t i = 0; i < index.size(); ++i) {
                   int64_t place = static_cast<int>(i) == axis ? at->integers[static_cast<size_t>(of)] : index[i];
                   if (place < 0) place += x->sizes[i];
                   if (place < 0 || place >= x->sizes[i]) t.fail(node, "an index lies outside");
                   result += place * strides[i];
                 }
                 return result;
               }));
}

}  // namespace

const TakeTable& part_nodes() {
  static const TakeTable table = {
      {"Gather", take_gather},
      {"GatherElements", take_gather_elements},
      {"Slice", take_slice},
      {"Split", take_split},
  };
  return table;
}

}  // namespace dl::onnx
