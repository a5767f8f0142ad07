// Clipping by the norm of all gradients together (Pascanu et al. 2013, arXiv:1211.5063), as PyTorch's clip_grad_norm_:
// g *= min(1, max_norm / (|g| + 1e-6))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct ClipNorm final : UpdateRule {
  double max_norm = 1;

  void describe(Schema& s) override {
    s.summary("the gradients of all parameters together are shortened to a norm");
    s.also_known_as({"clip_grad_norm", "clip_grad_norm_", "clip_by_global_norm", "global_clipnorm"});
    s.required("max_norm", max_norm, "the L2 norm that they have at most").above(0).positional();
    s.example("clip_norm: 1");
  }

  Value apply(UpdateBuilder& b, Value g) const override {
    return g * minimum(max_norm / (b.gradient_norm() + 1e-6), 1);
  }
};
DL_UPDATE_RULE(ClipNorm, "clip_norm");

}  // namespace
}  // namespace dl
