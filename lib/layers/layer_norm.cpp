// Layer normalization (Ba et al. 2016, arXiv:1607.06450): y = (x - mean) / sqrt(variance + eps) weight + bias, with the
// moments of each position over its features
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LayerNorm final : Layer {
  double eps = 1e-5;
  bool bias = true;

  void describe(Schema& s) override {
    s.summary("normalization of each position over its last axis, with a learned scale and shift");
    s.details("Parameters: weight and bias [features], 1 and 0 at first.");
    s.also_known_as({"LayerNormalization", "LayerNorm", "layernorm", "ln", "layer_normalization"});
    s.optional("eps", eps, "added to the variance").above(0).known_as({"epsilon"});
    s.optional("bias", bias, "whether a shift is learned").known_as({"center", "use_bias"});
    for (const char* key : {"normalized_shape", "axis", "dim"})
      s.instead_of(key, "leave it out: the last axis is normalized");
    for (const char* key : {"elementwise_affine", "scale"})
      s.instead_of(
          key,
          "leave it out, and write 'freeze: [NAME.weight, NAME.bias]' at the top, with 'name: NAME' beside the "
          "layer: they stay 1 and 0");
    s.example("layer_norm");
    s.example("layer_norm: {bias: false}");
  }

  Value build(Builder& b, Value x) const override {
    const int64_t features = x.shape().last();
    const Value centered = x - mean(x, {-1});
    Value y = centered * rsqrt(mean(centered * centered, {-1}) + eps);
    y = y * b.parameter("weight", {features}, constant_initializer(1));
    return bias ? y + b.parameter("bias", {features}, constant_initializer(0)) : y;
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.LayerNorm({in}, eps={eps|1e-05}, bias={bias|True})").last();
    Twin& keras =
        t.keras("layers.LayerNormalization(epsilon={eps|0.001}, center={bias|True})").tensor("weight", "gamma");
    if (bias) keras.tensor("bias", "beta");
    Twin& flax = t.flax("nn.LayerNorm(epsilon={eps|1e-06}, use_bias={bias|True}, use_fast_variance=False)")
                     .tensor("weight", "scale");
    if (bias) flax.tensor("bias", "bias");
  }
};
DL_LAYER(LayerNorm, "layer_norm");

}  // namespace
}  // namespace dl
