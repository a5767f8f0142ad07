// ONNX's operators that move elements, and those that compute shapes, which are known here.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/axes.h"

namespace dl::onnx {
namespace {

constexpr int64_t most_known = 1 << 24;  // numbers that are computed when a network is built

using Whole = std::vector<int64_t>;

constexpr const char* with_open_batch =
    "export it with an open batch: torch.onnx.export(…, input_names=[\"x\"], dynamic_axes={\"x\": {0: \"batch\"}})";

std::vector<int64_t> strides_of(const Whole& sizes) {
  Whole strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) strides[i] = stride, stride = times(stride, sizes[i]);
  return strides;
}

// The elements of a known tensor at `place(index)` of a result of these sizes; -1: 0.
template <class Place>
ReadTensor gathered(const ReadTensor& from, Whole sizes, Place place) {
  ReadTensor out{.sizes = std::move(sizes), .is_float = from.is_float};
  const int64_t count = Shape(out.sizes).elements();
  Whole index(out.sizes.size());
  for (int64_t n = 0; n < count; ++n) {
    const int64_t at = place(index);
    if (from.is_float)
      out.floats.push_back(at < 0 ? 0 : from.floats[static_cast<size_t>(at)]);
    else
      out.integers.push_back(at < 0 ? 0 : from.integers[static_cast<size_t>(at)]);
    for (size_t i = index.size(); i-- > 0 && ++index[i] == out.sizes[i];) index[i] = 0;
  }
  return out;
}

// An input that later versions have and earlier ones as an attribute.
Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since, bool& given) {
  given = true;
  if (t.opset() >= since || !t.has_attribute(node, attribute)) {
    if (t.has(node, input)) return t.integers(node, input);
  } else {
    return t.attribute<Whole>(node, attribute, {});
  }
  given = false;
  return {};
}
Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since) {
  bool given;
  return list_of(t, node, input, attribute, since, given);
}

ReadTensor whole_numbers(Whole values) {
  const auto count = static_cast<int64_t>(values.size());
  return {.sizes = {count}, .is_float = false, .integers = std::move(values)};
}

// Another shape of the same elements.
void give_shape(Taking& t, const ReadNode& node, Whole sizes) {
  if (const ReadTensor* x = t.known(node, 0)) {
    ReadTensor y = *x;
    y.sizes = std::move(sizes);
    return t.give_known(node, 0, std::move(y));
  }
  t.give(node, 0, reshape(t.value(node, 0), Shape(std::move(sizes))));
}

void take_reshape(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  Whole sizes = list_of(t, node, 1, "shape", 5);
  const bool zero_is_zero = t.attribute<int64_t>(node, "allowzero", 0) != 0;
  // The batch of the example that the model was traced with stands for this one.
  const bool is_batch_first = t.at(node, 0).value && !from.empty() && from[0] == t.batch();
  const bool names_traced = !sizes.empty() && sizes[0] == t.traced_batch() && sizes[0] > 0;
  if (is_batch_first && names_traced) sizes[0] = t.batch();
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0 && !zero_is_zero) {
      if (i >= from.size()) t.fail(node, "keeps an axis that there is not");
      sizes[i] = from[i];
    }
    if (sizes[i] == -1)
      open = static_cast<int64_t>(i);
    else
      known = times(known, sizes[i]);
  }
  const int64_t count = Shape(from).elements();
  if (open >= 0) sizes[static_cast<size_t>(open)] = known == 0 ? 0 : count / known;
  // Sizes that the batch is a factor of: of the first axis, where the batch is known to stand there.
  if (Shape(sizes).elements() != count && !sizes.empty() && !from.empty() &&
      (is_batch_first || (names_traced && from[0] % std::max<int64_t>(t.batch(), 1) == 0))) {
    const int64_t rest = Shape(Whole(sizes.begin() + 1, sizes.end())).elements();
    if (rest > 0 && count % rest == 0) sizes[0] = count / rest;
  }
  if (Shape(sizes).elements() != count)
    t.fail(node, concat(Shape(from).text(), " has no elements for ", Shape(sizes).text()),
           t.traced_batch() > 0 && t.traced_batch() != t.batch() ? with_open_batch : "");
  give_shape(t, node, std::move(sizes));
}

void take_flatten(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  int64_t axis = t.attribute<int64_t>(node, "axis", 1);
  if (axis < 0) axis += std::ssize(from);
  if (axis < 0 || axis > std::ssize(from)) t.fail(node, concat("there is no axis ", axis));
  const Whole before(from.begin(), from.begin() + axis), behind(from.begin() + axis, from.end());
  give_shape(t, node, {Shape(before).elements(), Shape(behind).elements()});
}

void take_squeeze(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  const int rank = static_cast<int>(from.size());
  bool given;
  Whole axes = list_of(t, node, 1, "axes", 13, given);
  Whole sizes;
  for (int i = 0; i < rank; ++i) {
    const int64_t size = from[static_cast<size_t>(i)];
    const bool drops =
        given ? std::ranges::any_of(axes, [&](int64_t a) { return axis_in(node, t, a, rank) == i; }) : size == 1;
    if (drops && size != 1) t.fail(node, concat("axis ", i, " has ", size, " places, not 1"));
    if (!drops) sizes.push_back(size);
  }
  give_shape(t, node, std::move(sizes));
}

void take_unsqueeze(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes(), axes = list_of(t, node, 1, "axes", 13);
  const int rank = static_cast<int>(from.size() + axes.size());
  Whole sizes(static_cast<size_t>(rank), 0);
  for (const int64_t axis : axes) sizes[static_cast<size_t>(axis_in(node, t, axis, rank))] = 1;
  size_t next = 0;
  for (int64_t& size : sizes)
    if (size == 0) {
      if (next == from.size()) t.fail(node, "names an axis twice");
      size = from[next++];
    }
  give_shape(t, node, std::move(sizes));
}

void take_transpose(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  Whole perm = t.attribute<Whole>(node, "perm", {});
  if (perm.empty())
    for (int i = rank; i-- > 0;) perm.push_back(i);
  if (static_cast<int>(perm.size()) != rank || !std::ranges::is_permutation(perm, natural_order(rank)))
    t.fail(node, "its 'perm' is no order of the axes");
  if (const ReadTensor* known = t.known(node, 0)) {
    const Whole strides = strides_of(known->sizes);
    Whole sizes;
    for (const int64_t axis : perm) sizes.push_back(known->sizes[static_cast<size_t>(axis)]);
    return t.give_known(node, 0, gathered(*known, sizes, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i)
                            at += index[i] * strides[static_cast<size_t>(perm[i])];
                          return at;
                        }));
  }
  // Nothing moves: the value's axes are others of the new tensor.
  const AxisOrder held = x.value ? x.order : natural_order(rank);
  AxisOrder order;
  for (const int axis : held) order.push_back(static_cast<int>(std::ranges::find(perm, axis) - perm.begin()));
  t.give(node, 0, t.in_order(node, 0, held), order);
}

// The place of a tensor's axis in the value.
int place_of(const AxisOrder& order, int axis) {
  return static_cast<int>(std::ranges::find(order, axis) - order.begin());
}

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

// NumPy's broadcasting to a shape.
void take_expand(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const Shape shape = broadcast(Shape(x.sizes()), Shape(t.integers(node, 1)));
  if (const ReadTensor* known = t.known(node, 0); known && shape.elements() <= most_known) {
    const Whole strides = strides_of(known->sizes);
    const size_t more = static_cast<size_t>(shape.rank()) - known->sizes.size();
    return t.give_known(node, 0, gathered(*known, shape.sizes(), [&](const Whole& index) {
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

void take_tile(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const Whole from = x.sizes(), times = t.integers(node, 1);
  if (times.size() != from.size()) t.fail(node, "has another number of repeats than axes");
  if (const ReadTensor* known = t.known(node, 0)) {
    Whole sizes;
    for (size_t i = 0; i < from.size(); ++i) sizes.push_back(dl::times(from[i], times[i]));
    const Whole strides = strides_of(from);
    return t.give_known(node, 0, gathered(*known, sizes, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i) at += index[i] % from[i] * strides[i];
                          return at;
                        }));
  }
  Value y = t.value(node, 0);
  for (size_t i = 0; i < times.size(); ++i)
    if (times[i] > 1) y = concatenate(std::vector<Value>(static_cast<size_t>(times[i]), y), static_cast<int>(i));
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
  const AxisOrder order = x.value ? x.order : natural_order(rank);
  Value y = t.in_order(node, 0, order);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = place_of(order, axis_in(node, t, axes[i], rank));
    const int64_t before = pads[i], behind = pads[i + axes.size()], size = y.shape()[axis];
    if (before == 0 && behind == 0) continue;
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

void take_shape(Taking& t, const ReadNode& node) {
  Whole sizes = t.at(node, 0).sizes();
  const auto rank = std::ssize(sizes);
  int64_t begin = t.attribute<int64_t>(node, "start", 0), end = t.attribute<int64_t>(node, "end", rank);
  begin = std::clamp<int64_t>(begin < 0 ? begin + rank : begin, 0, rank);
  end = std::clamp<int64_t>(end < 0 ? end + rank : end, begin, rank);
  t.give_known(node, 0, whole_numbers(Whole(sizes.begin() + begin, sizes.begin() + end)));
}
void take_size(Taking& t, const ReadNode& node) {
  t.give_known(node, 0, {.sizes = {}, .is_float = false, .integers = {Shape(t.at(node, 0).sizes()).elements()}});
}

void take_constant(Taking& t, const ReadNode& node) {
  using List = std::vector<float>;
  if (t.has_attribute(node, "value")) return t.give_known(node, 0, *t.attribute<TensorPointer>(node, "value", nullptr));
  if (t.has_attribute(node, "value_int"))
    return t.give_known(node, 0, {.is_float = false, .integers = {t.attribute<int64_t>(node, "value_int", 0)}});
  if (t.has_attribute(node, "value_float"))
    return t.give_known(node, 0, {.floats = {t.attribute<float>(node, "value_float", 0)}});
  if (t.has_attribute(node, "value_ints"))
    return t.give_known(node, 0, whole_numbers(t.attribute<Whole>(node, "value_ints", {})));
  if (!t.has_attribute(node, "value_floats")) t.fail(node, "is no number");
  List values = t.attribute<List>(node, "value_floats", {});
  const auto count = static_cast<int64_t>(values.size());
  t.give_known(node, 0, {.sizes = {count}, .floats = std::move(values)});
}

void take_constant_of_shape(Taking& t, const ReadNode& node) {
  const Whole sizes = t.integers(node, 0);
  const Shape shape(sizes);
  if (shape.elements() > most_known) t.fail(node, concat("makes ", shape.elements(), " numbers"));
  ReadTensor one{.sizes = {1}, .floats = {0}};
  if (t.has_attribute(node, "value")) one = *t.attribute<TensorPointer>(node, "value", nullptr);
  t.give_known(node, 0, gathered(one, sizes, [](const Whole&) { return 0; }));
}

void take_range(Taking& t, const ReadNode& node) {
  const bool is_float = t.known(node, 0) && t.known(node, 0)->is_float;
  const double begin = t.floats(node, 0).at(0), end = t.floats(node, 1).at(0), step = t.floats(node, 2).at(0);
  if (step == 0 || std::abs((end - begin) / step) > most_known) t.fail(node, "has too many numbers");
  const auto count = std::max<int64_t>(static_cast<int64_t>(std::ceil((end - begin) / step)), 0);
  ReadTensor out{.sizes = {count}, .is_float = is_float};
  for (int64_t i = 0; i < count; ++i) {
    const double x = begin + static_cast<double>(i) * step;
    if (is_float)
      out.floats.push_back(static_cast<float>(x));
    else
      out.integers.push_back(static_cast<int64_t>(x));
  }
  t.give_known(node, 0, std::move(out));
}

// The upper or lower triangle of a known matrix, such as a mask.
void take_trilu(Taking& t, const ReadNode& node) {
  const ReadTensor* x = t.known(node, 0);
  if (!x || x->sizes.size() < 2) t.fail(node, "of values that depend on the data is not known here");
  const bool upper = t.attribute<int64_t>(node, "upper", 1) != 0;
  const int64_t k = t.has(node, 1) ? t.integers(node, 1).at(0) : 0;
  const Whole strides = strides_of(x->sizes);
  t.give_known(node, 0, gathered(*x, x->sizes, [&](const Whole& index) -> int64_t {
                 const int64_t row = index[index.size() - 2], column = index.back();
                 if (upper ? column < row + k : column > row + k) return -1;
                 int64_t at = 0;
                 for (size_t i = 0; i < index.size(); ++i) at += index[i] * strides[i];
                 return at;
               }));
}

void take_cum_sum(Taking& t, const ReadNode& node) {
  const ReadTensor* x = t.known(node, 0);
  if (!x || x->is_float || t.attribute<int64_t>(node, "exclusive", 0) || t.attribute<int64_t>(node, "reverse", 0))
    t.fail(node, "of values that depend on the data is not known here");
  const int axis = axis_in(node, t, t.integers(node, 1).at(0), static_cast<int>(x->sizes.size()));
  const int64_t stride = strides_of(x->sizes)[static_cast<size_t>(axis)], size = x->sizes[static_cast<size_t>(axis)];
  ReadTensor y = *x;
  for (int64_t i = 0; i < y.count(); ++i)
    if (i / stride % size > 0) y.integers[static_cast<size_t>(i)] += y.integers[static_cast<size_t>(i - stride)];
  t.give_known(node, 0, std::move(y));
}

// Channels to places: DCR has the place before the channel, CRD behind it.
void take_depth_to_space(Taking& t, const ReadNode& node) {
  const int64_t block = t.attribute<int64_t>(node, "blocksize", 1);
  const bool depth_last = t.attribute<std::string>(node, "mode", "DCR") == "CRD";
  const Value x = t.in_order(node, 0, channels_last_order(4));
  const int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3] / (block * block);
  if (c * block * block != x.shape()[3]) t.fail(node, "the channels are no multiple of the block");
  const Value parts = reshape(x, depth_last ? Shape{n, h, w, c, block, block} : Shape{n, h, w, block, block, c});
  const Value y =
      transpose(parts, depth_last ? std::vector<int>{0, 1, 4, 2, 5, 3} : std::vector<int>{0, 1, 3, 2, 4, 5});
  t.give(node, 0, reshape(y, {n, h * block, w * block, c}), channels_last_order(4));
}
void take_space_to_depth(Taking& t, const ReadNode& node) {
  const int64_t block = t.attribute<int64_t>(node, "blocksize", 1);
  const Value x = t.in_order(node, 0, channels_last_order(4));
  const int64_t n = x.shape()[0], h = x.shape()[1] / block, w = x.shape()[2] / block, c = x.shape()[3];
  if (h * block != x.shape()[1] || w * block != x.shape()[2]) t.fail(node, "the image is no multiple of the block");
  const Value y = transpose(reshape(x, {n, h, block, w, block, c}), {0, 1, 3, 2, 4, 5});
  t.give(node, 0, reshape(y, {n, h, w, block * block * c}), channels_last_order(4));
}

}  // namespace

const TakeTable& shape_nodes() {
  static const TakeTable table = {
      {"Concat", take_concat},
      {"Constant", take_constant},
      {"ConstantOfShape", take_constant_of_shape},
      {"CumSum", take_cum_sum},
      {"DepthToSpace", take_depth_to_space},
      {"Expand", take_expand},
      {"Flatten", take_flatten},
      {"Gather", take_gather},
      {"GatherElements", take_gather_elements},
      {"Pad", take_pad},
      {"Range", take_range},
      {"Reshape", take_reshape},
      {"Shape", take_shape},
      {"Size", take_size},
      {"Slice", take_slice},
      {"SpaceToDepth", take_space_to_depth},
      {"Split", take_split},
      {"Squeeze", take_squeeze},
      {"Tile", take_tile},
      {"Transpose", take_transpose},
      {"Trilu", take_trilu},
      {"Unsqueeze", take_unsqueeze},
  };
  return table;
}

}  // namespace dl::onnx
