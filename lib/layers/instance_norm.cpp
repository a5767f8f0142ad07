// Instance normalization (Ulyanov et al. 2016, arXiv:1607.08022): y = (x - mean) / sqrt(variance + eps), with the
// moments of each channel of a sample over its places; with affine times weight plus bias
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct InstanceNorm final : Layer {
  static constexpr double usual_momentum = 0.1;
  double eps = 1e-5, momentum = usual_momentum;
  bool affine = false, track_running_stats = false;

  void describe(Schema& s) override {
    s.summary("normalization of each channel of each sample over its places");
    s.details(
        "Parameters with affine: weight and bias [channels]; buffers with track_running_stats: running_mean and "
        "running_var [channels].");
    s.also_known_as({"InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "instance_norm1d", "instance_norm2d",
                     "instance_norm3d", "InstanceNormalization", "instancenorm"});
    s.optional("eps", eps, "added to the variance").above(0).known_as({"epsilon"});
    s.optional("affine", affine, "whether a scale and a shift of each channel are learned")
        .known_as({"center", "scale"});
    s.optional("track_running_stats", track_running_stats,
               "whether an evaluation takes running averages, as batch_norm does");
    s.optional("momentum", momentum, "share of a batch in the running averages").at_least(0).at_most(1);
    s.instead_of("num_features", "leave it out: input sizes are inferred");
    s.example("instance_norm");
    s.example("instance_norm: {affine: true}");
    s.example("instance_norm: {track_running_stats: true}");
  }

  Value build(Builder& b, Value x) const override {
    const int rank = x.shape().rank();
    const int64_t channels = x.shape().last();
    if (rank < 3)
      throw ShapeError(
          concat("expected a sequence, an image or a volume, got shape ", x.shape().without_batch().text()),
          "put it before 'flatten', or write 'layer_norm'");
    if (rank == 3) refuse_decoding(b, name);
    std::vector<int> places;
    for (int axis = 1; axis + 1 < rank; ++axis) places.push_back(axis);
    Moments m = moments(x, places);
    if (track_running_stats) {
      const Value running_mean = b.buffer("running_mean", {channels}, constant_initializer(0));
      const Value running_var = b.buffer("running_var", {channels}, constant_initializer(1));
      if (b.training()) {
        const double n = static_cast<double>(x.shape().elements() / x.shape()[0] / channels),
                     unbiased = n > 1 ? n / (n - 1) : 1;
        const auto renewed = [&](Value running, Value now) {
          return (1 - momentum) * running + momentum * reshape(mean(now, {0}), {channels});
        };
        b.assign("running_mean", renewed(running_mean, m.mean));
        b.assign("running_var", renewed(running_var, unbiased * m.variance));
      } else {
        m = {running_mean, running_var};
      }
    }
    Value y = (x - m.mean) * rsqrt(m.variance + eps);
    if (affine) {
      const Value weight = b.parameter("weight", {channels}, constant_initializer(1));
      y = y * weight + b.parameter("bias", {channels}, constant_initializer(0));
    }
    return y;
  }
  DoubtList doubts(Value) const override {
    if (track_running_stats) return doubt_share_of_the_new(momentum);
    if (momentum == usual_momentum) return {};
    return {{"'momentum' is that of running averages, and 'track_running_stats' is false: it changes nothing",
             "leave it out, or write 'track_running_stats: true'"}};
  }
  void twins(Twins& t) const override {
    t.say("rank", std::to_string(t.x().rank() - 2));
    t.pytorch(
         "nn.InstanceNorm{rank}d({in}, eps={eps|1e-05}, momentum={momentum|0.1}, affine={affine|False}, "
         "track_running_stats={track_running_stats|False})")
        .first();
    if (track_running_stats) return;
    Twin& flax = t.flax(
        "nn.InstanceNorm(epsilon={eps|1e-06}, use_bias={affine|True}, use_scale={affine|True}, "
        "use_fast_variance=False)");
    if (affine) flax.tensor("weight", "scale").tensor("bias", "bias");
  }
};
DL_LAYER(InstanceNorm, "instance_norm");

}  // namespace
}  // namespace dl
