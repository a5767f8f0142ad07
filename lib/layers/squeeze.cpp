// Squeeze: axes of size 1 left out
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Squeeze final : Layer {
  std::optional<int64_t> axis;

  void describe(Schema& s) override {
    s.summary("leaves out an axis of size 1, or all of them");
    s.also_known_as({"Squeeze"});
    s.optional("axis", axis, concat("which; without it all of size 1; ", axis_help)).positional().known_as({"dim"});
    s.example("squeeze");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    const Shape& shape = x.shape();
    const int only = axis ? axis_of(shape, *axis) : 0;
    if (axis && shape[only] != 1) {
      int of_one = 0;
      for (int i = 1; i < shape.rank(); ++i) of_one = shape[i] == 1 ? i : of_one;
      throw ShapeError(concat("expected an axis of size 1, got axis ", *axis, " of ", shape.without_batch().text()),
                       of_one > 0 ? concat("write 'squeeze: ", of_one, "'") : "leave it out: there is none");
    }
    std::vector<int64_t> sizes{shape[0]};
    for (int i = 1; i < shape.rank(); ++i)
      if (axis ? i != only : shape[i] != 1) sizes.push_back(shape[i]);
    return dl::reshape(x, Shape(std::move(sizes)));
  }
};
DL_LAYER(Squeeze, "squeeze");

}  // namespace
}  // namespace dl
