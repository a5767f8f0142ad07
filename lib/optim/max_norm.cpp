// Max-norm constraint (Srebro and Shraibman 2005; Keras' MaxNorm): after each update the weights of each unit are
// shortened to a norm, w *= min(|w|, max_value) / (|w| + 1e-7)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct MaxNorm final : UnitConstraint {
  double max_value = 2;

  void describe(Schema& s) override {
    s.summary("the weights of each unit are at most so long");
    s.details("Of tensors of two axes or more, for each index of their first axis: what a unit sums its inputs with.");
    s.also_known_as({"MaxNorm", "maxnorm", "kernel_constraint"});
    s.optional("max_value", max_value, "the L2 norm that a unit's weights have at most").above(0).positional();
    describe_choice(s);
    s.instead_of("axis", "leave it out: the norm is that of what a unit sums its inputs with");
    s.example("max_norm: 3");
    s.example("max_norm: {max_value: 2, match: \"head.*\"}");
  }
  Value changed(UpdateBuilder&, Value w) const override {
    const Value norm = norms(w);
    return w * (minimum(norm, max_value) / (norm + 1e-7));
  }
};
DL_UPDATE_RULE(MaxNorm, "max_norm");

}  // namespace
}  // namespace dl
