// Flip: the places of axes in reverse
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

struct Flip final : Layer {
  OneOrMore<int64_t> axes;

  void describe(Schema& s) override {
    s.summary("reverses the places of axes");
    s.also_known_as({"reverse"});
    s.required("axes", axes, axis_help).positional().known_as({"dims"});
    s.example("flip: 1");
  }

  Value build(Builder& b, Value x) const override {
    for (const int64_t axis : axes.values) {
      const int along = axis_of(x.shape(), axis);
      if (along == 1 && x.shape().rank() > 2) refuse_decoding(b, name);
      std::vector<int64_t> places;
      for (int64_t i = x.shape()[along]; i-- > 0;) places.push_back(i);
      x = take(x, along, places);
    }
    return x;
  }
};
DL_LAYER(Flip, "flip");

}  // namespace
}  // namespace dl
