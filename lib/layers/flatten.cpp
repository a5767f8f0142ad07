// Flatten: all axes but the batch made one. Images and volumes are laid out channel by channel, as PyTorch and Caffe
// have them, so that the weights of a linear layer behind it can be exchanged.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Flatten final : Layer {
  std::optional<bool> channels_first;

  void describe(Schema& s) override {
    s.summary("makes all axes but the batch one, images in the order channel, height, width");
    s.details(
        "Volumes go in the order channel, depth, height, width. Sequences go position by position, as behind an "
        "embedding; what PyTorch flattens behind a Conv1d goes channel by channel.");
    s.also_known_as({"Flatten"});
    for (const char* key : {"start_dim", "end_dim"})
      s.instead_of(key, "leave it out: all axes but the batch become one; 'reshape: [28, 84]' makes others");
    s.optional("channels_first", channels_first,
               "whether the places of each channel come together; where not given, those of images and volumes do");
    s.example("flatten");
    s.example("flatten: {channels_first: true}");
  }

  Value build(Builder&, Value x) const override {
    const Shape& shape = x.shape();
    const int rank = shape.rank();
    const int64_t each = shape.elements() / shape[0];
    if (channels_first.value_or(rank > 3) && rank > 2 && shape.last() > 1 && each > shape.last()) {
      std::vector<int> order{0, rank - 1};
      for (int axis = 1; axis + 1 < rank; ++axis) order.push_back(axis);
      x = transpose(x, order);
    }
    return reshape(x, {x.shape()[0], -1});
  }
  void twins(Twins& t) const override {
    const bool usual = t.x().rank() > 3;
    if (channels_first.value_or(usual) != usual) return;
    const int rank = t.x().rank();
    t.flax_expression(concat("{x}",
                             rank == 4   ? ".transpose((0, 3, 1, 2))"
                             : rank == 5 ? ".transpose((0, 4, 1, 2, 3))"
                                         : "",
                             ".reshape(({x}.shape[0], -1))"));
    t.pytorch("nn.Flatten()").plainly("torch.flatten({x}, 1)");
    Twin& keras = t.keras("layers.Flatten()");
    if (t.x().rank() == 4) keras.called("{self}(layers.Permute(dims:(3, 1, 2))({x}))");
    if (t.x().rank() == 5) keras.called("{self}(layers.Permute(dims:(4, 1, 2, 3))({x}))");
  }
};
DL_LAYER(Flatten, "flatten");

}  // namespace
}  // namespace dl
