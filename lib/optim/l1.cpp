// L1 penalty (Tibshirani 1996): rate sum |w| added to the loss, by its gradient: g += rate sign(w)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {
namespace {

struct L1Penalty final : PartialRule {
  double rate = 0;

  void describe(Schema& s) override {
    s.summary("a penalty on the absolute weights, which keeps few of them large");
    s.details(
        "The loss is shown without it. Weights come near 0, but rarely to it: 'soft_threshold' behind the optimizer "
        "makes them 0.");
    s.also_known_as({"L1", "l1_regularizer", "kernel_regularizer", "l1_penalty"});
    s.required("rate", rate, "times the sum of the absolute weights").above(0).positional().known_as({"l1", "lambda"});
    describe_choice(s);
    s.example("l1: 1e-4");
    s.example("l1: {rate: 1e-4, min_rank: 2}");
  }
  Value changed(UpdateBuilder& b, Value g) const override {
    const Value w = b.parameters();
    return g + rate * ((w > 0) - (w < 0));
  }
};
DL_UPDATE_RULE(L1Penalty, "l1");

}  // namespace
}  // namespace dl
