// Sum of several inputs: the end of a residual branch (He et al. 2015, arXiv:1512.03385)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Add final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("sum of the layers named in 'from'");
    describe_merge(s);
    s.also_known_as({"Add"});
    s.example("add");
  }
  Value join(Value a, Value b) const override { return a + b; }
  void twins(Twins& t) const override { twin_of_equal_shapes(t, " + ", "Add"); }
};
DL_LAYER(Add, "add");

}  // namespace
}  // namespace dl
