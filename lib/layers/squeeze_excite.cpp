// Squeeze and excitation (Hu et al. 2017, arXiv:1709.01507): each channel times a number from 0 to 1 that two linear
// maps make of the means of all channels
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SqueezeExcite final : Layer {
  std::optional<int64_t> squeeze_channels;
  int64_t ratio = 16;
  std::string activation = "relu", scale_activation = "sigmoid";

  void describe(Schema& s) override {
    s.summary("multiplies each channel of an image by a number made of the means of all");
    s.details(
        "Parameters as in torchvision: fc1.weight [squeeze_channels, channels, 1, 1], fc1.bias, fc2.weight [channels, "
        "squeeze_channels, 1, 1], fc2.bias.");
    s.also_known_as({"SqueezeExcitation", "SqueezeExcite", "se_block"});
    s.optional("squeeze_channels", squeeze_channels, "numbers between the two linear maps; without it channels / ratio")
        .at_least(1)
        .positional()
        .known_as({"rd_channels"});
    s.optional("ratio", ratio, "channels of a number between the two linear maps").at_least(1).known_as({"reduction"});
    s.optional("activation", activation, "between the two linear maps").one_of({"relu", "silu"});
    s.optional("scale_activation", scale_activation, "what makes the numbers that channels are multiplied by")
        .one_of({"sigmoid", "hardsigmoid"});
    s.example("squeeze_excite: 3");
    s.example("squeeze_excite: {squeeze_channels: 2, activation: silu, scale_activation: hardsigmoid}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const int64_t channels = x.shape()[3], squeezed = squeeze_channels.value_or(std::max<int64_t>(channels / ratio, 1));
    const auto map_of = [&](const std::string& name, Value v, int64_t out) {
      const int64_t in = v.shape().last();
      const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(in)));
      const Value weight = b.parameter(name + ".weight", {out, in, 1, 1}, pytorch);
      return matmul(v, reshape(weight, {out, in}), false, true) + b.parameter(name + ".bias", {out}, pytorch);
    };
    const Value inner = map_of("fc1", mean_of_channels(x), squeezed);
    const Value gate = map_of("fc2", activation == "silu" ? inner * sigmoid(inner) : maximum(inner, 0), channels);
    const Value share = scale_activation == "hardsigmoid" ? minimum(maximum(gate + 3, 0), 6) / 6 : sigmoid(gate);
    return x * reshape(share, {x.shape()[0], 1, 1, channels});
  }
};
DL_LAYER(SqueezeExcite, "squeeze_excite");

}  // namespace
}  // namespace dl
