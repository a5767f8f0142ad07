// Soft Dice loss (Milletari et al. 2016, arXiv:1606.04797): with the probabilities p and the targets y, 1 or 0, of each
// class 1 - (2 sum p y + smooth) / (sum p + sum y + smooth) over a sample's places, and the mean over the classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/overlap_loss.h"

namespace dl {
namespace {

struct Dice final : OverlapLoss {
  void describe_keys(Schema& s) override {
    s.summary("1 - the Dice coefficient of each class's places in a sample: for masks, whatever the classes' sizes");
    s.details("Takes one value a class and place, before a softmax: [height, width, classes] against [height, width].");
    s.also_known_as({"dice_loss", "DiceLoss", "soft_dice"});
    describe_overlap(s);
    s.example("dice");
    s.example("dice: {smooth: 1e-3}");
    s.example("dice: {activation: sigmoid}");
  }
  Value score(Value both, Value predicted, Value actual) const override {
    return (2 * both + smooth) / (predicted + actual + smooth);
  }
};
DL_LOSS(Dice, "dice");

}  // namespace
}  // namespace dl
