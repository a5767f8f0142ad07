// Smallest of several inputs, number by number; equal ones share the gradient
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Minimum final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("smallest of the layers named in 'from', number by number");
    describe_merge(s);
    s.also_known_as({"Minimum"});
    s.example("minimum");
  }
  Value join(Value a, Value b) const override { return where(a < b, a, where(b < a, b, 0.5 * (a + b))); }
};
DL_LAYER(Minimum, "minimum");

}  // namespace
}  // namespace dl
