// Concatenation of several inputs along an axis (Huang et al. 2016, arXiv:1608.06993)
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct ConcatLayer final : Layer {
  int64_t axis = -1;

  void describe(Schema& s) override {
    s.summary("the layers named in 'from' beside each other, along the last axis where none is named");
    s.also_known_as({"concatenate", "Concatenate", "cat", "merge"});
    s.optional("axis", axis, axis_help).positional().known_as({"dim"});
    s.example("concat");
    s.example("concat: 1");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() < 2) throw ShapeError("expected at least two inputs, got one", "name them: from: [conv2, x]");
    const Shape& first = inputs[0].shape();
    const int along = axis_of(first, axis);
    if (along == 1 && first.rank() > 2) refuse_decoding(b, name);
    const bool whole = std::ranges::all_of(inputs, [](Value x) { return x.type().dtype == DType::i32; });
    std::vector<Value> parts;
    for (const Value& x : inputs) {
      Shape fitting = first;
      if (x.shape().rank() == first.rank()) fitting[along] = x.shape()[along];
      if (x.shape() != fitting) {
        throw ShapeError(concat("cannot lay ", x.shape().without_batch().text(), " beside ",
                                first.without_batch().text(), " along axis ", axis),
                         whole || std::ranges::none_of(inputs, [](Value v) { return v.type().dtype == DType::i32; })
                             ? "bring the other axes to one size, for instance by padding, strides or 'crop'"
                             : "put 'embedding' before the whole numbers among them");
      }
      parts.push_back(whole ? x : as_f32(x));
    }
    return concatenate(std::move(parts), along);
  }
  DoubtList doubts(Value y) const override {
    if (axis != 1 || y.shape().rank() != 4) return {};
    return {{"axis 1 is the height of an image, [height, width, channels]: images are laid below each other",
             "write 'concat' without an axis to lay channels beside each other, which come last"}};
  }
  void twins(Twins& t) const override {
    std::string inputs = "{x}";
    for (size_t i = 1; i < t.inputs.size(); ++i) inputs += ", {x" + std::to_string(i) + "}";
    const int along = axis_of(t.x(), axis);
    const int place = t.x().rank() < 4 ? along : along == t.x().rank() - 1 ? 1 : along + 1;  // channels are first there
    t.pytorch_expression("torch.cat([" + inputs + "], " + std::to_string(place) + ")");
    t.keras("layers.Concatenate(axis:" + std::to_string(along) + ")").called("{self}([" + inputs + "])");
    t.flax_expression("jnp.concatenate([" + inputs + "], " + std::to_string(along) + ")");
  }
};
DL_LAYER(ConcatLayer, "concat");

}  // namespace
}  // namespace dl
