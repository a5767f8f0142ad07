// Tversky loss (Salehi, Erdogmus and Gholipour 2017, arXiv:1706.05721): with the probabilities p and the targets y, 1
// or 0, of each class 1 - T, T = (sum p y + smooth) / (sum p y + alpha sum p (1 - y) + beta sum (1 - p) y + smooth)
// over a sample's places, and the mean over the classes; focal (Abraham and Khan 2019, arXiv:1810.07842): (1 - T)^gamma
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/overlap_loss.h"

namespace dl {
namespace {

struct Tversky final : OverlapLoss {
  double alpha = 0.5, beta = 0.5, gamma = 1;

  void describe_keys(Schema& s) override {
    s.summary("as dice, with weights of what is wrongly taken for a class and of what is missed");
    s.details("With alpha and beta 0.5 it is dice, with 1 jaccard. A beta above alpha finds more of what is rare.");
    s.also_known_as({"TverskyLoss", "tversky_loss", "focal_tversky", "FocalTverskyLoss"});
    s.optional("alpha", alpha, "weight of what is wrongly taken for a class").at_least(0);
    s.optional("beta", beta, "weight of what is missed").at_least(0);
    s.optional("gamma", gamma, "power of each class's loss: below 1, what is nearly right counts more").above(0);
    describe_overlap(s);
    s.example("tversky: {alpha: 0.3, beta: 0.7}");
    s.example("tversky: {alpha: 0.3, beta: 0.7, gamma: 0.75, activation: sigmoid}");
  }
  Value score(Value both, Value predicted, Value actual) const override {
    const Value t = (both + smooth) / (both + alpha * (predicted - both) + beta * (actual - both) + smooth);
    return gamma == 1 ? t : 1 - pow(maximum(1 - t, 1e-7), gamma);
  }
};
DL_LOSS(Tversky, "tversky");

}  // namespace
}  // namespace dl
