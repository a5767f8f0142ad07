// Slice: x at [begin, end) of an axis, every step-th place
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SliceLayer final : Layer {
  int64_t axis = -1, begin = 0, step = 1;
  std::optional<int64_t> end;

  void describe(Schema& s) override {
    s.summary("a part of an axis");
    s.also_known_as({"Slice", "narrow", "strided_slice"});
    s.optional("begin", begin, "the first place; below 0 counted from the end").known_as({"start"});
    s.optional("end", end, "the place behind the last; below 0 counted from the end; without it the end")
        .known_as({"stop"});
    s.optional("step", step, "from one place to the next").at_least(1);
    s.optional("axis", axis, axis_help).known_as({"dim"});
    s.example("slice: {begin: 1, end: -1}");
    s.example("slice: {axis: 1, step: 2}");
  }

  Value build(Builder& b, Value x) const override {
    const int along = axis_of(x.shape(), axis);
    if (along == 1 && x.shape().rank() > 2) refuse_decoding(b, name);
    const int64_t size = x.shape()[along];
    const auto place = [&](int64_t i) { return std::clamp(i < 0 ? i + size : i, int64_t{0}, size); };
    const int64_t first = place(begin), last = place(end.value_or(size));
    if (first >= last) {
      throw ShapeError(
          concat("nothing lies from ", begin, " to ", end ? std::to_string(*end) : "the end", " of ", size, " places"),
          "count the places from 0, or from -1 backwards; 'end' is left out");
    }
    if (step == 1) return dl::slice(x, along, first, last - first);
    std::vector<int64_t> places;
    for (int64_t i = first; i < last; i += step) places.push_back(i);
    return take(x, along, places);
  }
};
DL_LAYER(SliceLayer, "slice");

}  // namespace
}  // namespace dl
