// Flatten: all axes but the batch made one. Images are laid out channel by channel, as PyTorch and Caffe have them, so
// that the weights of a linear layer behind it can be exchanged.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Flatten final : Layer {
  void describe(Schema& s) override {
    s.summary("makes all axes but the batch one, images in the order channel, height, width");
    s.also_known_as({"Flatten"});
    s.example("flatten");
  }

  Value build(Builder&, Value x) const override {
    const Shape& shape = x.shape();
    const bool image = shape.rank() == 4 && shape[3] > 1 && shape[1] * shape[2] > 1;
    return reshape(image ? transpose(x, {0, 3, 1, 2}) : x, {shape[0], -1});
  }
};
DL_LAYER(Flatten, "flatten");

}  // namespace
}  // namespace dl
