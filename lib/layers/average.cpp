// Mean of several inputs, number by number
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Average final : MergeLayer {
  void describe(Schema& s) override {
    s.summary("mean of the layers named in 'from'");
    describe_merge(s);
    s.also_known_as({"Average"});
    s.example("average");
  }
  Value join(Value a, Value b) const override { return a + b; }
  Value finish(Value joined, size_t count) const override { return joined / static_cast<double>(count); }
};
DL_LAYER(Average, "average");

}  // namespace
}  // namespace dl
