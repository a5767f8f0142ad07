// Permute: the axes in another order
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Permute final : Layer {
  std::vector<int64_t> axes;

  void describe(Schema& s) override {
    s.summary("puts the axes in another order");
    s.also_known_as({"Permute"});
    s.required("axes", axes, concat("which axis comes first, which next; ", axis_help))
        .positional()
        .known_as({"dims", "order"});
    s.example("permute: [3, 1, 2]");
    s.check([this](const Report& report) {
      if (axes.size() > 1 && axes[0] == 0)
        report.at("axes", "the batch, 0, is no axis of a sample",
                  concat("write 'permute: ", Shape(std::vector<int64_t>(axes.begin() + 1, axes.end())).text(),
                         "': it stays first"));
    });
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    std::vector<int> order{0};
    for (const int64_t axis : axes) order.push_back(axis_of(x.shape(), axis));
    std::vector<int> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    bool each = static_cast<int>(order.size()) == x.shape().rank();
    for (size_t i = 0; i < sorted.size(); ++i) each = each && sorted[i] == static_cast<int>(i);
    if (!each) {
      throw ShapeError(
          concat("expected each axis of ", x.shape().without_batch().text(), " once, got ", Shape(axes).text()),
          "count the axes from 1; the batch, 0, stays first");
    }
    return dl::transpose(x, order);
  }
};
DL_LAYER(Permute, "permute");

}  // namespace
}  // namespace dl
