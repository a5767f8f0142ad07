// Unit-norm constraint (Keras' UnitNorm): after each update w /= |w| + 1e-7, of the weights of each unit
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct UnitNorm final : UnitConstraint {
  void describe(Schema& s) override {
    s.summary("the weights of each unit have length 1");
    s.details("Of tensors of two axes or more, for each index of their first axis: what a unit sums its inputs with.");
    s.also_known_as({"UnitNorm", "unitnorm"});
    describe_choice(s);
    s.example("unit_norm: {match: \"head.*\"}");
  }
  Value changed(UpdateBuilder&, Value w) const override { return w / (norms(w) + 1e-7); }
};
DL_UPDATE_RULE(UnitNorm, "unit_norm");

}  // namespace
}  // namespace dl
