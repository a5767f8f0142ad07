// Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167): y = (x - mean) / sqrt(variance + eps) weight + bias,
// with the batch's moments of each channel while training and their running averages afterwards
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct BatchNorm final : Layer {
  double eps = 1e-5, momentum = 0.1;

  void describe(Schema& s) override {
    s.summary("normalization of each channel over the batch, with a learned scale and shift");
    s.details(
        "Parameters: weight and bias [channels]; buffers: running_mean and running_var [channels], the latter of the "
        "unbiased "
        "variance. After an update running = (1 - momentum) running + momentum batch, as in PyTorch; Keras's momentum "
        "is "
        "one minus this.");
    s.also_known_as({"BatchNormalization", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "batch_norm1d", "batch_norm2d",
                     "batch_norm3d", "batchnorm", "bn", "batch_normalization"});
    for (const char* key : {"axis", "dim"}) s.instead_of(key, "leave it out: channels are the last axis");
    for (const char* key : {"affine", "scale", "center"})
      s.instead_of(
          key,
          "leave it out, and write 'freeze: [NAME.weight, NAME.bias]' at the top, with 'name: NAME' beside the "
          "layer: they stay 1 and 0");
    for (const char* key : {"gamma_initializer", "beta_initializer"})
      s.instead_of(key, "leave it out: the scale begins with 1, the shift with 0");
    for (const char* key : {"track_running_stats", "training"})
      s.instead_of(key, "leave it out: training is by the batch, evaluation by the running averages");
    s.instead_of("num_features", "leave it out: input sizes are inferred");
    s.optional("eps", eps, "added to the variance").above(0).known_as({"epsilon"});
    s.optional("momentum", momentum, "share of the batch in the running averages").at_least(0).at_most(1);
    s.example("batch_norm");
    s.example("batch_norm: {momentum: 0.01}");
  }

  Value build(Builder& b, Value x) const override {
    const int64_t channels = x.shape().last();
    const Value weight = b.parameter("weight", {channels}, constant_initializer(1));
    const Value bias = b.parameter("bias", {channels}, constant_initializer(0));
    const Value running_mean = b.buffer("running_mean", {channels}, constant_initializer(0));
    const Value running_var = b.buffer("running_var", {channels}, constant_initializer(1));
    Value mean = running_mean, variance = running_var;
    if (b.training()) {
      std::vector<int> axes;
      for (int axis = 0; axis + 1 < x.shape().rank(); ++axis) axes.push_back(axis);
      const Moments batch = moments(x, axes);
      mean = batch.mean;
      variance = batch.variance;
      const double n = static_cast<double>(x.shape().elements() / channels);
      const double unbiased = n > 1 ? n / (n - 1) : 1;
      b.assign("running_mean", (1 - momentum) * running_mean + momentum * reshape(mean, {channels}));
      b.assign("running_var", (1 - momentum) * running_var + momentum * unbiased * reshape(variance, {channels}));
    }
    // The scale first, which is small: one product and, backwards, one sum over x less.
    return (x - mean) * (rsqrt(variance + eps) * weight) + bias;
  }
  DoubtList doubts(Value) const override { return doubt_share_of_the_new(momentum); }
  void twins(Twins& t) const override {
    t.say("rank", std::to_string(std::max(1, t.x().rank() - 2)));
    t.pytorch("nn.BatchNorm{rank}d({in}, eps={eps|1e-05}, momentum={momentum|0.1})").first();
    t.say("keras_momentum", concat(1 - momentum));
    t.keras("layers.BatchNormalization(momentum={keras_momentum|0.99}, epsilon={eps|0.001})")
        .tensor("weight", "gamma")
        .tensor("bias", "beta")
        .tensor("running_mean", "moving_mean")
        .tensor("running_var", "moving_variance");
    t.flax("nn.BatchNorm(use_running_average=not train, momentum={keras_momentum|0.99}, epsilon={eps|1e-05})")
        .tensor("weight", "scale")
        .tensor("bias", "bias")
        .tensor("running_mean", "mean")
        .tensor("running_var", "var");
  }
};
DL_LAYER(BatchNorm, "batch_norm");

}  // namespace
}  // namespace dl
