// Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks": variance
// 2 gain^2 / (fan_in + fan_out), so that activations and gradients keep their scale.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct Xavier : Initializer {
  double gain = 1;
  double std(const Shape& shape) const {
    const Fans fans = fans_of(shape);
    return gain * std::sqrt(2.0 / (fans.in + fans.out));
  }
};

struct XavierUniform final : Xavier {
  void describe(Schema& s) override {
    s.summary("uniform, scaled by both fans: bound gain sqrt(6 / (fan_in + fan_out))");
    s.also_known_as({"glorot_uniform", "xavier_uniform_", "xavier", "GlorotUniform"});
    s.optional("gain", gain, "factor on the scale").above(0);
    s.example("xavier_uniform: {gain: 1}");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_uniform(values, std::sqrt(3.0) * std(shape), key, begin);
  }
};
DL_INITIALIZER(XavierUniform, "xavier_uniform");

struct XavierNormal final : Xavier {
  void describe(Schema& s) override {
    s.summary("normal, scaled by both fans: standard deviation gain sqrt(2 / (fan_in + fan_out))");
    s.also_known_as({"glorot_normal", "xavier_normal_", "GlorotNormal"});
    s.optional("gain", gain, "factor on the scale").above(0);
    s.example("xavier_normal: {gain: 1}");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_normal(values, std(shape), key, begin);
  }
};
DL_INITIALIZER(XavierNormal, "xavier_normal");

}  // namespace
}  // namespace dl
