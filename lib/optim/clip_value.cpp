// Clipping of each element of the gradient, as PyTorch's clip_grad_value_: g = min(max(g, -v), v)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct ClipValue final : UpdateRule {
  double max_value = 1;

  void describe(Schema& s) override {
    s.summary("each element of the gradient is bounded");
    s.also_known_as({"clip_grad_value", "clip_grad_value_", "clipvalue", "clip"});
    s.required("max_value", max_value, "an element is at most so far from 0").above(0).positional();
    s.example("clip_value: 0.5");
  }

  Value apply(UpdateBuilder&, Value g) const override { return minimum(maximum(g, -max_value), max_value); }
};
DL_UPDATE_RULE(ClipValue, "clip_value");

}  // namespace
}  // namespace dl
