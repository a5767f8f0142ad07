// Quotient of two inputs: the first over the second
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Div final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("the first layer named in 'from' over the second");
    describe_merge(s);
    s.also_known_as({"Divide", "divide", "quotient"});
    s.example("div");
  }
  Value join(Value a, Value b) const override { return a / b; }
  bool of_two() const override { return true; }
};
DL_LAYER(Div, "div");

}  // namespace
}  // namespace dl
