// Transpose: two axes in each other's place
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/spec/units.h"

namespace dl {
namespace {

struct TransposeLayer final : Layer {
  Pair axes{-2, -1};

  void describe(Schema& s) override {
    s.summary("puts two axes in each other's place, the last two where none are named");
    s.also_known_as({"swapaxes"});
    s.optional("axes", axes, concat("the two; ", axis_help)).positional().known_as({"dims"});
    s.example("transpose");
    s.example("transpose: [1, -1]");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    std::vector<int> order;
    for (int i = 0; i < x.shape().rank(); ++i) order.push_back(i);
    std::swap(order[static_cast<size_t>(axis_of(x.shape(), axes.h))],
              order[static_cast<size_t>(axis_of(x.shape(), axes.w))]);
    return dl::transpose(x, order);
  }
};
DL_LAYER(TransposeLayer, "transpose");

}  // namespace
}  // namespace dl
