// Unsqueeze: another axis, of size 1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Unsqueeze final : Layer {
  int64_t axis = 0;

  void describe(Schema& s) override {
    s.summary("adds an axis of size 1");
    s.also_known_as({"Unsqueeze", "expand_dims", "ExpandDims"});
    s.required("axis", axis, concat("where it is in the result; ", axis_help)).positional().known_as({"dim"});
    s.example("unsqueeze: -1");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    std::vector<int64_t> sizes = x.shape().sizes();
    sizes.insert(sizes.begin() + axis_of(x.shape(), axis, 1), 1);
    return dl::reshape(x, Shape(std::move(sizes)));
  }
};
DL_LAYER(Unsqueeze, "unsqueeze");

}  // namespace
}  // namespace dl
