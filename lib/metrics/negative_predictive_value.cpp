// Negative predictive value: of what is not taken for a class, the share that is not of it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct NegativePredictiveValue final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("of what is not taken for a class, the share that is not of it");
    s.details("0 where everything is taken for the class.");
    s.also_known_as({"npv", "NegativePredictiveValue"});
    describe_score(s);
    s.example("negative_predictive_value");
  }
  double score(const ClassCounts& c) const override {
    const double left = c.all - c.predicted;
    return left > 0 ? (left - (c.actual - c.hits)) / left : 0;
  }
};
DL_METRIC(NegativePredictiveValue, "negative_predictive_value");

}  // namespace
}  // namespace dl
