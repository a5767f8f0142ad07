// Recall: of the targets of a class, the share that is taken for it: hits / actual
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct Recall final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("of the targets of a class, the share that is taken for it");
    s.details("0 for a class without targets that something is taken for, as in scikit-learn.");
    s.also_known_as({"sensitivity", "true_positive_rate", "tpr"});
    describe_score(s);
    for (const char* key : {"at", "k", "top_k"})
      s.instead_of(key, "write 'hit_rate: 1' for the nearest of vectors, 'accuracy: {top_k: 5}' for classes");
    s.example("recall");
    s.example("recall: {average: macro}");
  }
  double score(const ClassCounts& c) const override { return c.actual > 0 ? c.hits / c.actual : 0; }
};
DL_METRIC(Recall, "recall");

}  // namespace
}  // namespace dl
