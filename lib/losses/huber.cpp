// Huber (1964, doi:10.1214/aoms/1177703732): with d = |x - y| the mean over the targets of d^2 / 2 where d < delta,
// delta (d - delta / 2) elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct Huber final : Loss {
  double delta = 1;
  void describe_keys(Schema& s) override {
    s.summary("squared near the target, absolute beyond, with slope delta there");
    s.also_known_as({"HuberLoss", "huber_loss"});
    s.optional("delta", delta,
               "difference from which on it is absolute; of targets that are normalized in their deviations")
        .above(0)
        .positional();
    s.example("huber");
    s.example("huber: {delta: 0.5}");
  }
  Reads reads() const override { return Reads::numbers; }
  std::optional<Bend> bend() const override { return Bend{"delta", delta}; }
  Value each(const Fields& f) const override {
    const Value d = abs(as_predicted_numbers(f.prediction, f.target) - f.target), near = minimum(d, delta);
    return near * (d - 0.5 * near);
  }
};
DL_LOSS(Huber, "huber");

}  // namespace
}  // namespace dl
