// Specificity: of what is not of a class, the share that is not taken for it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct Specificity final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("of what is not of a class, the share that is not taken for it");
    s.details("1 minus the false positive rate. 0 where everything is of the class.");
    s.also_known_as({"true_negative_rate", "tnr", "selectivity"});
    describe_score(s);
    s.example("specificity");
    s.example("specificity: {average: per_class}");
  }
  double score(const ClassCounts& c) const override {
    const double others = c.all - c.actual;
    return others > 0 ? (others - (c.predicted - c.hits)) / others : 0;
  }
};
DL_METRIC(Specificity, "specificity");

}  // namespace
}  // namespace dl
