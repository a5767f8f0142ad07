// Split: one of equal parts of an axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Split final : Layer {
  int64_t parts = 2, index = 0, axis = -1;

  void describe(Schema& s) override {
    s.summary("one of equal parts of an axis");
    s.details("Each of the parts is an item of its own, with the same 'from'.");
    s.also_known_as({"chunk"});
    s.required("parts", parts, "how many").at_least(1).known_as({"chunks"});
    s.required("index", index, "which of them, from 0").at_least(0);
    s.optional("axis", axis, axis_help).known_as({"dim"});
    s.example("split: {parts: 2, index: 1}");
    s.check([this](const Report& report) {
      if (index >= parts) report.at("index", concat("expected a number below parts (", parts, "), got ", index));
    });
  }

  Value build(Builder& b, Value x) const override {
    const int along = axis_of(x.shape(), axis);
    if (along == 1 && x.shape().rank() > 2) refuse_decoding(b, name);
    const int64_t size = x.shape()[along];
    if (size % parts != 0)
      throw ShapeError(concat("cannot divide ", size, " places into ", parts, " parts"),
                       "set parts to a divisor, or write 'slice'");
    return dl::slice(x, along, index * (size / parts), size / parts);
  }
};
DL_LAYER(Split, "split");

}  // namespace
}  // namespace dl
