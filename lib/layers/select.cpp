// Select: one place of an axis, which is left out
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Select final : Layer {
  int64_t index = 0, axis = 1;

  void describe(Schema& s) override {
    s.summary("one place of an axis, which is left out");
    s.details(
        "'select: 0' of a sequence [length, features] gives the features of its first position, -1 those of its last.");
    s.also_known_as({"take", "index_select", "last_step"});
    s.required("index", index, "which place, from 0, or from -1 backwards").positional().known_as({"position"});
    s.optional("axis", axis, axis_help).known_as({"dim"});
    s.example("select: 0");
    s.example("select: {index: -1, axis: -1}");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    const int along = axis_of(x.shape(), axis);
    const int64_t size = x.shape()[along], place = index < 0 ? index + size : index;
    if (place < 0 || place >= size)
      throw ShapeError(concat("expected one of ", size, " places, got ", index),
                       "count them from 0, or from -1 backwards");
    std::vector<int64_t> sizes = x.shape().sizes();
    sizes.erase(sizes.begin() + along);
    return dl::reshape(dl::slice(x, along, place, 1), Shape(std::move(sizes)));
  }
};
DL_LAYER(Select, "select");

}  // namespace
}  // namespace dl
