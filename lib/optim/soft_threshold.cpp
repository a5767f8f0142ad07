// The proximal step of an L1 penalty (Daubechies, Defrise and De Mol 2004, doi:10.1002/cpa.20042): after each update
// w = sign(w) max(|w| - lr rate, 0)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct SoftThreshold final : PartialRule {
  double rate = 0;

  void describe(Schema& s) override {
    s.summary("an L1 penalty that makes weights exactly 0: the lasso");
    s.details("Behind sgd it is the proximal gradient method. The loss is shown without the penalty.");
    s.also_known_as({"lasso", "proximal_l1", "prox_l1", "ISTA"});
    s.required("rate", rate, "times the sum of the absolute weights").above(0).positional();
    describe_choice(s);
    s.example("soft_threshold: 1e-3");
    s.example("soft_threshold: {rate: 1e-3, match: \"*.weight\"}");
  }
  bool after_optimizer() const override { return true; }

  Value changed(UpdateBuilder& b, Value w) const override {
    const Value bound = b.number("bound", [rate = rate](const UpdateTime& t) { return t.lr * rate; });
    return w - minimum(maximum(w, -bound), bound);
  }
};
DL_UPDATE_RULE(SoftThreshold, "soft_threshold");

}  // namespace
}  // namespace dl
