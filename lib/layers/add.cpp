// Sum of several inputs of one shape: the end of a residual branch (He et al. 2015, arXiv:1512.03385)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Add final : Layer {
  void describe(Schema& s) override {
    s.summary("sum of the layers named in 'from'");
    s.also_known_as({"Add", "sum", "residual"});
    s.example("add");
  }

  Value build(Builder&, std::span<const Value> inputs) const override {
    if (inputs.size() < 2) throw ShapeError("expected at least two inputs, got one", "name them: from: [conv2, x]");
    Value sum = inputs[0];
    for (const Value& x : inputs.subspan(1)) {
      if (x.shape() != sum.shape()) {
        throw ShapeError(concat("expected inputs of one shape, got ", sum.shape().without_batch().text(), " and ",
                                x.shape().without_batch().text()),
                         "bring the branches to one shape, for instance with a conv2d of kernel_size 1");
      }
      sum = sum + x;
    }
    return sum;
  }
};
DL_LAYER(Add, "add");

}  // namespace
}  // namespace dl
