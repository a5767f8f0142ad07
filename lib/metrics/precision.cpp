// Precision: of what is taken for a class, the share that is of it: hits / predicted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct Precision final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("of what is taken for a class, the share that is of it");
    s.details("0 for a class that nothing is taken for, as in scikit-learn.");
    s.also_known_as({"positive_predictive_value", "ppv"});
    describe_score(s);
    s.example("precision");
    s.example("precision: {average: per_class}");
  }
  double score(const ClassCounts& c) const override { return c.predicted > 0 ? c.hits / c.predicted : 0; }
};
DL_METRIC(Precision, "precision");

}  // namespace
}  // namespace dl
