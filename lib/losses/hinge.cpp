// Hinge loss (Cortes and Vapnik 1995, doi:10.1007/BF00994018): the mean over the targets of max(0, 1 - y x), y = 1 or
// -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct Hinge final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("hinge loss of a support vector machine: 0 where a target is right by 1");
    s.details("Targets are classes 0 and 1, or -1 and 1. Of several classes it is 'multi_margin'.");
    s.also_known_as({"Hinge", "HingeLoss", "svm"});
    s.example("hinge");
  }
  Reads reads() const override { return Reads::logit; }
  Value each(const Fields& f) const override {
    return maximum(1 - as_signs(f.target) * as_predicted_shape(f.prediction, f.target), 0);
  }
};
DL_LOSS(Hinge, "hinge");

}  // namespace
}  // namespace dl
