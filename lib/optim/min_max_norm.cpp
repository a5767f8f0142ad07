// Bounds of a norm (Keras' MinMaxNorm): after each update, with c = min(max(|w|, min_value), max_value) of the weights
// of each unit, w *= (rate c + (1 - rate) |w|) / (|w| + 1e-7)
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct MinMaxNorm final : UnitConstraint {
  double min_value = 0, max_value = 1, rate = 1;

  void describe(Schema& s) override {
    s.summary("the weights of each unit have a length between two bounds");
    s.also_known_as({"MinMaxNorm"});
    s.optional("min_value", min_value, "the least L2 norm").at_least(0);
    s.optional("max_value", max_value, "the largest L2 norm").above(0);
    s.optional("rate", rate, "share of the way to the bound that an update goes").above(0).at_most(1);
    describe_choice(s);
    s.example("min_max_norm: {min_value: 0.5, max_value: 2}");
    s.check([this](const Report& report) {
      if (min_value > max_value) report.at("min_value", concat("expected at most max_value, ", max_value));
    });
  }
  Value changed(UpdateBuilder&, Value w) const override {
    const Value norm = norms(w), wanted = minimum(maximum(norm, min_value), max_value);
    return w * ((rate * wanted + (1 - rate) * norm) / (norm + 1e-7));
  }
};
DL_UPDATE_RULE(MinMaxNorm, "min_max_norm");

}  // namespace
}  // namespace dl
