// Weights not below 0 (Keras' NonNeg): after each update w = max(w, 0)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct NonNegative final : PartialRule {
  void describe(Schema& s) override {
    s.summary("weights below 0 become 0 after each update");
    s.also_known_as({"NonNeg", "non_neg", "nonneg"});
    describe_choice(s);
    s.example("non_negative");
    s.example("non_negative: {match: \"*.weight\"}");
  }
  bool after_optimizer() const override { return true; }
  Value changed(UpdateBuilder&, Value w) const override { return maximum(w, 0); }
};
DL_UPDATE_RULE(NonNegative, "non_negative");

}  // namespace
}  // namespace dl
