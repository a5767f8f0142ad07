// Soft margin loss, as PyTorch's SoftMarginLoss: the mean over the targets of log(1 + exp(-y x)), y = 1 or -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct SoftMargin final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("logistic loss of targets -1 and 1; takes values before the sigmoid");
    s.details("Targets are classes 0 and 1, or -1 and 1. Of 0 and 1 it is 'bce_with_logits'.");
    s.also_known_as({"SoftMarginLoss", "soft_margin_loss", "logistic"});
    s.example("soft_margin");
  }
  Reads reads() const override { return Reads::logit; }
  Value predicted(Value output) const override { return sigmoid(output); }
  Value each(const Fields& f) const override {
    return log_one_plus_exp(-as_signs(f.target) * as_predicted_shape(f.prediction, f.target));
  }
};
DL_LOSS(SoftMargin, "soft_margin");

}  // namespace
}  // namespace dl
