// L2 penalty, as Keras has it: rate sum w^2 added to the loss, by its gradient: g += 2 rate w
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct L2Penalty final : PartialRule {
  double rate = 0;

  void describe(Schema& s) override {
    s.summary("a penalty on the squared weights, of some of them where asked");
    s.details(
        "The loss is shown without it. 'weight_decay' of an optimizer is twice the rate; that of adamw is not a "
        "penalty, and usually better.");
    s.also_known_as({"L2", "l2_regularizer", "l2_penalty"});
    s.required("rate", rate, "times the sum of the squared weights").above(0).positional().known_as({"l2", "lambda"});
    describe_choice(s);
    s.example("l2: 1e-4");
    s.example("l2: {rate: 1e-4, match: \"head.*\"}");
  }
  Value changed(UpdateBuilder& b, Value g) const override { return g + (2 * rate) * b.parameters(); }
};
DL_UPDATE_RULE(L2Penalty, "l2");

}  // namespace
}  // namespace dl
