// Mean absolute error: the mean over the targets of |x - y|
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct L1 final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("mean of the absolute difference from the target");
    s.also_known_as({"L1Loss", "l1_loss", "mae", "mean_absolute_error"});
    s.example("l1");
  }
  Reads reads() const override { return Reads::numbers; }
  Value each(const Fields& f) const override { return abs(as_predicted_numbers(f.prediction, f.target) - f.target); }
};
DL_LOSS(L1, "l1");

}  // namespace
}  // namespace dl
