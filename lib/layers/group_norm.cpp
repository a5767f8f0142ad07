// Group normalization (Wu and He 2018, arXiv:1803.08494): y = (x - mean) / sqrt(variance + eps) weight + bias, with the
// moments of each sample over all positions and a group of its channels
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GroupNorm final : Layer {
  int64_t num_groups = 0;
  double eps = 1e-5;
  bool bias = true;

  void describe(Schema& s) override {
    s.summary("normalization of each sample over groups of channels, with a learned scale and shift of each channel");
    s.details(
        "Parameters: weight and bias [channels], 1 and 0 at first. One group is layer normalization of an image, as "
        "many groups as channels are instance normalization.");
    s.also_known_as({"GroupNormalization", "GroupNorm", "groupnorm", "instance_norm"});
    s.required("num_groups", num_groups, "into how many groups the channels are divided")
        .at_least(1)
        .positional()
        .known_as({"groups"});
    s.optional("eps", eps, "added to the variance").above(0).known_as({"epsilon"});
    s.optional("bias", bias, "whether a shift is learned").known_as({"center", "use_bias"});
    s.instead_of("num_channels", "leave it out: input sizes are inferred");
    s.example("group_norm: 1");
    s.example("group_norm: {num_groups: 1, eps: 1e-3, bias: false}");
  }

  Value build(Builder& b, Value x) const override {
    const int64_t n = x.shape()[0], c = x.shape().last(), g = num_groups, each = c / g;
    if (c % g != 0)
      throw ShapeError(concat("cannot divide ", c, " channels into ", g, " groups"), "set num_groups to a divisor");
    // The moments of each channel over the positions, then those of the group: its variance is the mean of its
    // channels' variances and the variance of their means.
    std::vector<int> positions;
    for (int axis = 1; axis + 1 < x.shape().rank(); ++axis) positions.push_back(axis);
    const bool spread = x.shape().elements() > n * c;
    if (b.decoding()) {
      throw ShapeError("group_norm goes over all positions, so that none can be had by itself",
                       "write layer_norm or rms_norm");
    }
    const Moments channel = spread ? moments(x, positions) : Moments{x, {}};
    const Value means = reshape(channel.mean, {n, g, each}), group_mean = mean(means, {-1}), off = means - group_mean;
    Value variance = mean(off * off, {-1});
    if (spread) variance = variance + mean(reshape(channel.variance, {n, g, each}), {-1});
    Shape of_channels = x.shape();
    for (const int axis : positions) of_channels[axis] = 1;
    const auto for_channels = [&](Value v) { return reshape(broadcast_to(v, {n, g, each}), of_channels); };
    Value y = (x - for_channels(group_mean)) * for_channels(rsqrt(variance + eps));
    y = y * b.parameter("weight", {c}, constant_initializer(1));
    return bias ? y + b.parameter("bias", {c}, constant_initializer(0)) : y;
  }
  void twins(Twins& t) const override {
    if (bias) t.pytorch("nn.GroupNorm({num_groups}, {in}, eps={eps|1e-05})").first();
    Twin& keras = t.keras("layers.GroupNormalization(groups:{num_groups}, epsilon={eps|0.001}, center={bias|True})")
                      .tensor("weight", "gamma");
    if (bias) keras.tensor("bias", "beta");
    Twin& flax =
        t.flax("nn.GroupNorm({num_groups}, epsilon={eps|1e-06}, use_bias={bias|True}, use_fast_variance=False)")
            .tensor("weight", "scale");
    if (bias) flax.tensor("bias", "bias");
  }
};
DL_LAYER(GroupNorm, "group_norm");

}  // namespace
}  // namespace dl
