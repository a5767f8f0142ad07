// Squared hinge loss (Keras' SquaredHinge): the mean over the targets of max(0, 1 - y x)^2, y = 1 or -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct SquaredHinge final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("square of the hinge loss: 0 where a target is right by 1");
    s.details("Targets are classes 0 and 1, or -1 and 1.");
    s.also_known_as({"SquaredHinge"});
    s.example("squared_hinge");
  }
  Reads reads() const override { return Reads::logit; }
  Value each(const Fields& f) const override {
    const Value missed = maximum(1 - as_signs(f.target) * as_predicted_shape(f.prediction, f.target), 0);
    return missed * missed;
  }
};
DL_LOSS(SquaredHinge, "squared_hinge");

}  // namespace
}  // namespace dl
