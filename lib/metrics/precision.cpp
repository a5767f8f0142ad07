// Precision: of what is taken for a class, the share that is of it: hits / predicted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct Precision final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("of what is taken for a class, the share that is of it");
    s.details("0 for a class that nothing is taken for, as in scikit-learn.");
    describe_score(s);
    s.example("precision");
    s.example("precision: {average: per_class}");
  }
  double score(double hits, double predicted, double) const override { return predicted > 0 ? hits / predicted : 0; }
};
DL_METRIC(Precision, "precision");

}  // namespace
}  // namespace dl
