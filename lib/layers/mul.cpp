// Product of several inputs, number by number: the end of a gate
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Mul final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("product of the layers named in 'from'");
    describe_merge(s);
    s.also_known_as({"Multiply", "multiply", "product", "gate"});
    s.example("mul");
  }
  Value join(Value a, Value b) const override { return a * b; }
  void twins(Twins& t) const override { twin_of_equal_shapes(t, " * ", "Multiply"); }
};
DL_LAYER(Mul, "mul");

}  // namespace
}  // namespace dl
