// Root mean square normalization (Zhang and Sennrich 2019, arXiv:1910.07467): y = x / sqrt(mean of x^2 + eps) weight
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct RmsNorm final : Layer {
  double eps = 0x1p-23;  // PyTorch's: the relative precision of a float

  void describe(Schema& s) override {
    s.summary("each position divided by the root mean square of its last axis, with a learned scale");
    s.details("Parameter: weight [features], 1 at first.");
    s.also_known_as({"RMSNorm", "RMSNormalization", "rmsnorm", "rms_normalization"});
    s.optional("eps", eps, "added to the mean square").above(0).known_as({"epsilon"});
    s.instead_of("normalized_shape", "leave it out: the last axis is normalized");
    s.example("rms_norm");
    s.example("rms_norm: {eps: 1e-5}");
  }

  Value build(Builder& b, Value x) const override {
    return x * rsqrt(mean(x * x, {-1}) + eps) * b.parameter("weight", {x.shape().last()}, constant_initializer(1));
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.RMSNorm({in}, eps={eps})").last();
    t.flax("nn.RMSNorm(epsilon={eps|1e-06})").tensor("weight", "scale");
  }
};
DL_LAYER(RmsNorm, "rms_norm");

}  // namespace
}  // namespace dl
