// ONNX's operators that take some of the elements: splits, slices, and what stands at given places.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

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
    const auto count = static_cast<int64_t>(node.outputs.size()), each = (size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) parts.push_back(std::min(each, size - i * each));
  }
  if (parts.size() != node.outputs.size() || std::accumulate(parts.begin(), parts.end(), int64_t{0}) != size)
    t.fail(node, "its parts are not the whole");
  const AxisOrder order = x.value ? x.order : natural_order(x.rank());
  int64_t begin = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (const ReadTensor* known = t.known(node, 0); known && x.rank() == 1) {
      t.give_known(node, i, gathered(*known, {parts[i]}, [&](const Whole& index) { return begin + index[0]; }));
    } else {
      t.give(node, i, slice(t.in_order(node, 0, order), place_of(order, axis), begin, parts[i]), order);
    }
    begin += parts[i];
  }
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
  std::vector<Whole> places(static_cast<size_t>(rank));
  Whole sizes = x.sizes();
  for (int i = 0; i < rank; ++i) {
    places[static_cast<size_t>(i)].resize(static_cast<size_t>(sizes[static_cast<size_t>(i)]));
    std::iota(places[static_cast<size_t>(i)].begin(), places[static_cast<size_t>(i)].end(), 0);
  }
  std::vector<int> changed;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int axis = axis_in(node, t, axes[i], rank);
    const int64_t size = sizes[static_cast<size_t>(axis)], step = steps.empty() ? 1 : steps[i];
    if (step == 0) t.fail(node, "has a step of 0");
    const auto bounded = [&](int64_t at, int64_t low, int64_t high) {
      if (at < 0) at = at < -size ? low : at + size;
      return std::clamp(at, low, high);
    };
    const int64_t begin = step > 0 ? bounded(starts[i], 0, size) : bounded(starts[i], 0, size - 1);
    const int64_t end = step > 0 ? bounded(ends[i], 0, size) : ends[i] < -size ? -1 : bounded(ends[i], -1, size - 1);
    Whole& of = places[static_cast<size_t>(axis)];
    of.clear();
    for (int64_t at = begin; step > 0 ? at < end : at > end; at += step) of.push_back(at);
    changed.push_back(axis);
  }
  if (const ReadTensor* known = t.known(node, 0)) {
    const Whole strides = strides_of(known->sizes);
    Whole result;
    for (const Whole& of : places) result.push_back(std::ssize(of));
    return t.give_known(node, 0, gathered(*known, result, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i)
                            at += places[i][static_cast<size_t>(index[i])] * strides[i];
                          return at;
                        }));
  }
  const AxisOrder order = x.value ? x.order : natural_order(rank);
  Value y = t.in_order(node, 0, order);
  for (const int axis : changed) {
    const Whole& of = places[static_cast<size_t>(axis)];
    if (of.empty()) t.fail(node, concat("leaves nothing of axis ", axis));
    if (std::ssize(of) == y.shape()[place_of(order, axis)] && of[0] == 0) continue;
    y = take(y, place_of(order, axis), of);
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
    return t.give_known(node, 0, gathered(*known, sizes, [&](const Whole& index) {
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
  t.give(node, 0, reshape(take(t.value(node, 0), axis, places), Shape(std::move(sizes))));
}

void take_gather_elements(Taking& t, const ReadNode& node) {
  const ReadTensor *x = t.known(node, 0), *at = t.known(node, 1);
  if (!x || !at) t.fail(node, "of values that depend on the data is not known here");
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", 0), static_cast<int>(x->sizes.size()));
  const Whole strides = strides_of(x->sizes), own = strides_of(at->sizes);
  if (x->sizes.size() != at->sizes.size()) t.fail(node, "has indices of other axes");
  t.give_known(node, 0, gathered(*x, at->sizes, [&](const Whole& index) {
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
