// Activity penalty, as Keras' activity_regularizer: the mean over the samples of l1 sum |x| + l2 sum x^2, x an item's
// output
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Activity final : Loss {
  double l1 = 0, l2 = 0;

  void describe_keys(Schema& s) override {
    s.summary("a penalty on what an item of the model gives: few of its values are to be large");
    s.details("There is no target: losses: {fit: {mse: {target: x}}, sparse: {activity: {output: code, l1: 1e-3}}}.");
    s.also_known_as({"activity_regularizer", "ActivityRegularization", "sparsity"});
    s.optional("l1", l1, "times the sum of the absolute values").at_least(0);
    s.optional("l2", l2, "times the sum of the squares").at_least(0);
    s.example("activity: {output: code, l1: 1e-3}");
    s.check([this](const Report& report) {
      if (l1 == 0 && l2 == 0) report("neither 'l1' nor 'l2' is above 0", "write 'l1: 1e-3'");
    });
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_target() const override { return false; }
  // f32 [batch, 1]
  Value each(const Fields& f) const override {
    const Value x = reshape(f.prediction, {f.prediction.shape()[0], -1});
    return l1 == 0 ? l2 * sum(x * x, {-1}) : l2 == 0 ? l1 * sum(abs(x), {-1}) : sum(l1 * abs(x) + l2 * (x * x), {-1});
  }
};
DL_LOSS(Activity, "activity");

}  // namespace
}  // namespace dl
