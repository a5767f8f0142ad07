// Mean absolute percentage error as a share: the mean over the targets of |x - y| / max(|y|, 1e-7)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MapeLoss final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("mean of the absolute difference over the target");
    s.details("As the metric of that name; Keras' is 100 times this.");
    s.also_known_as({"MeanAbsolutePercentageError", "mean_absolute_percentage_error"});
    s.example("mape");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  Value each(const Fields& f) const override {
    return abs(as_predicted_numbers(f.prediction, f.target) - f.target) / maximum(abs(f.target), 1e-7);
  }
};
DL_LOSS(MapeLoss, "mape");

}  // namespace
}  // namespace dl
