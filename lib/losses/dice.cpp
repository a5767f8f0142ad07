// Soft Dice loss (Milletari et al. 2016, arXiv:1606.04797): with the probabilities p and the targets y, 1 or 0, of each
// class 1 - (2 sum p y + smooth) / (sum p + sum y + smooth) over a sample's places, and the mean over the classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Dice final : Loss {
  double smooth = 1;

  void describe_keys(Schema& s) override {
    s.summary("1 - the Dice coefficient of each class's places in a sample: for masks, whatever the classes' sizes");
    s.details("Takes one value a class and place, before a softmax: [height, width, classes] against [height, width].");
    s.also_known_as({"dice_loss", "DiceLoss", "soft_dice"});
    s.optional("smooth", smooth, "added above and below, so that a class that is nowhere costs nothing").above(0);
    s.example("dice");
    s.example("dice: {smooth: 1e-3}");
  }
  Reads reads() const override { return Reads::logits; }
  Value predicted(Value output) const override { return softmax(output); }
  // f32 [batch]
  Value each(const Fields& f) const override {
    const int64_t batch = f.prediction.shape()[0], classes = f.prediction.shape().last();
    expect_class_targets(f.prediction, f.target);
    const Value p = reshape(softmax(f.prediction), {batch, -1, classes});
    const Value y = reshape(hits(f.prediction, f.target), {batch, -1, classes});
    const Value both = sum(p * y, {1}), all = sum(p, {1}) + sum(y, {1});
    return reshape(1 - mean((2 * both + smooth) / (all + smooth), {2}), {batch});
  }
};
DL_LOSS(Dice, "dice");

}  // namespace
}  // namespace dl
