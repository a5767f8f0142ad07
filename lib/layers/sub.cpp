// Difference of two inputs: the first less the second
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Sub final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("the first layer named in 'from' less the second");
    describe_merge(s);
    s.also_known_as({"Subtract", "subtract", "difference"});
    s.example("sub");
  }
  Value join(Value a, Value b) const override { return a - b; }
  bool of_two() const override { return true; }
  void twins(Twins& t) const override { twin_of_equal_shapes(t, " - ", "Subtract"); }
};
DL_LAYER(Sub, "sub");

}  // namespace
}  // namespace dl
