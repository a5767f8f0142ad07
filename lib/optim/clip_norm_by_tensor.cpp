// Clipping of each tensor's gradient by its own norm, as Keras's clipnorm: g *= min(1, max_norm / (|g| + 1e-6))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct ClipNormByTensor final : UpdateRule {
  double max_norm = 1;

  void describe(Schema& s) override {
    s.summary("the gradient of each tensor is shortened to a norm");
    s.also_known_as({"clipnorm"});
    s.required("max_norm", max_norm, "the L2 norm that each tensor's gradient has at most").above(0).positional();
    s.example("clip_norm_by_tensor: 1");
  }

  bool by_tensor() const override { return true; }

  Value apply(UpdateBuilder&, Value g) const override { return g * minimum(max_norm / (sqrt(sum(g * g)) + 1e-6), 1); }
};
DL_UPDATE_RULE(ClipNormByTensor, "clip_norm_by_tensor");

}  // namespace
}  // namespace dl
