// Stack of several inputs of one shape along an axis that they do not have
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Stack final : Layer {
  int64_t axis = 1;

  void describe(Schema& s) override {
    s.summary("the layers named in 'from' on each other, along a new axis");
    s.also_known_as({"Stack"});
    s.optional("axis", axis, concat("where it is in the result; ", axis_help)).positional().known_as({"dim"});
    s.example("stack");
    s.example("stack: -1");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    refuse_decoding(b, name);
    std::vector<Value> parts;
    for (const Value& x : inputs) {
      if (x.shape() != inputs[0].shape()) {
        throw ShapeError(concat("expected inputs of one shape, got ", inputs[0].shape().without_batch().text(), " and ",
                                x.shape().without_batch().text()));
      }
      std::vector<int64_t> sizes = x.shape().sizes();
      sizes.insert(sizes.begin() + axis_of(x.shape(), axis, 1), 1);
      parts.push_back(reshape(as_f32(x), Shape(std::move(sizes))));
    }
    return concatenate(std::move(parts), axis_of(inputs[0].shape(), axis, 1));
  }
};
DL_LAYER(Stack, "stack");

}  // namespace
}  // namespace dl
