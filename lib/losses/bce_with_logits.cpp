// Binary cross-entropy of a sigmoid: the mean over the targets of -(w y log(sigmoid(x)) + (1 - y) log(1 - sigmoid(x)))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct BceWithLogits final : Loss {
  double pos_weight = 1;
  void describe_keys(Schema& s) override {
    s.summary("binary cross-entropy of a sigmoid; takes values before the sigmoid");
    s.details("Targets are probabilities, or classes 0 and 1.");
    s.also_known_as({"BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "binary_crossentropy", "bce",
                     "MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss"});
    s.optional("pos_weight", pos_weight, "weight of the targets 1")
        .above(0)
        .known_as({"weight", "class_weight", "scale_pos_weight"})
        .instead_of_values(
            {"balanced", "auto"},
            "write how many targets of 0 there are for each 1, 'pos_weight: 9', or 'balanced: true' below "
            "'data'");
    s.example("bce_with_logits");
    s.example("bce_with_logits: {pos_weight: 3}");
  }
  Value each(const Fields& f) const override {
    const Value x = as_predicted_shape(f.prediction, f.target), y = as_f32(f.target);
    return (1 - y) * x + (1 + (pos_weight - 1) * y) * log_one_plus_exp(-x);
  }
  Value of_drawn(Value x, Value uniform) const override {
    return where(uniform < sigmoid(stop_gradient(x)), 0, x) + log_one_plus_exp(-x);
  }
  Reads reads() const override { return Reads::logit; }
  bool takes_probabilities() const override { return true; }
  Value predicted(Value output) const override { return sigmoid(output); }
};
DL_LOSS(BceWithLogits, "bce_with_logits");

}  // namespace
}  // namespace dl
