// Transpose: two axes in each other's place
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct TransposeLayer final : Layer {
  std::vector<int64_t> axes{-2, -1};

  void describe(Schema& s) override {
    s.summary("puts two axes in each other's place, the last two where none are named");
    s.also_known_as({"swapaxes"});
    s.optional("axes", axes, concat("the two; ", axis_help)).positional().known_as({"dims"});
    for (const char* key : {"dim0", "dim1", "axis1", "axis2"})
      s.instead_of(key, "write 'transpose: [1, 2]', both axes");
    s.check([this](const Report& report) {
      if (axes.size() != 2 || axes[0] == axes[1])
        report.at("axes", concat("expected two axes, got ", Shape(axes).text()),
                  axes.size() > 2 ? concat("write 'permute: ", Shape(axes).text(), "' for another order of all")
                                  : "write both: 'transpose: [1, 2]'");
    });
    s.example("transpose");
    s.example("transpose: [1, -1]");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    std::vector<int> order;
    for (int i = 0; i < x.shape().rank(); ++i) order.push_back(i);
    std::swap(order[static_cast<size_t>(axis_of(x.shape(), axes[0]))],
              order[static_cast<size_t>(axis_of(x.shape(), axes[1]))]);
    return dl::transpose(x, order);
  }
};
DL_LAYER(TransposeLayer, "transpose");

}  // namespace
}  // namespace dl
