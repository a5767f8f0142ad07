// Threshold: y = x where x > threshold, value elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Threshold final : Layer {
  double threshold = 0, value = 0;

  void describe(Schema& s) override {
    s.summary("x where it is above a threshold, another value elsewhere");
    s.also_known_as({"Threshold"});
    s.required("threshold", threshold, "x above which y is x");
    s.required("value", value, "y elsewhere");
    s.example("threshold: {threshold: 0, value: -1}");
  }

  Value build(Builder&, Value x) const override { return where(x > threshold, x, value); }
  void twins(Twins& t) const override { t.pytorch("nn.Threshold({threshold}, {value})"); }
};
DL_LAYER(Threshold, "threshold");

}  // namespace
}  // namespace dl
