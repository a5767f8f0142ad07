// He et al. 2015, arXiv:1502.01852: variance gain^2 / fan, so that activations keep their scale through rectifiers.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct Kaiming : Initializer {
  double a = 0;
  std::string mode = "fan_in";
  void describe_keys(Schema& s) {
    s.details(
        "gain = sqrt(2 / (1 + a^2)); the fan is the number of inputs (fan_in) or outputs (fan_out) of a unit. "
        "PyTorch's own layers start with kaiming_uniform and a = sqrt(5).");
    s.optional("a", a, "negative slope of the rectifier that follows").at_least(0);
    s.optional("mode", mode, "which fan").one_of({"fan_in", "fan_out"});
  }
  double std(const Shape& shape) const {
    const Fans fans = fans_of(shape);
    return std::sqrt(2.0 / (1.0 + a * a) / (mode == "fan_in" ? fans.in : fans.out));
  }
};

struct KaimingUniform final : Kaiming {
  void describe(Schema& s) override {
    s.summary("uniform, scaled for rectifiers: bound gain sqrt(3 / fan)");
    s.also_known_as({"he_uniform", "kaiming_uniform_", "HeUniform"});
    describe_keys(s);
    s.example("kaiming_uniform: {mode: fan_out}");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_uniform(values, std::sqrt(3.0) * std(shape), key, begin);
  }
};
DL_INITIALIZER(KaimingUniform, "kaiming_uniform");

struct KaimingNormal final : Kaiming {
  void describe(Schema& s) override {
    s.summary("normal, scaled for rectifiers: standard deviation gain / sqrt(fan)");
    s.also_known_as({"he_normal", "kaiming_normal_", "HeNormal"});
    describe_keys(s);
    s.example("kaiming_normal: {mode: fan_out}");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_normal(values, std(shape), key, begin);
  }
};
DL_INITIALIZER(KaimingNormal, "kaiming_normal");

}  // namespace
}  // namespace dl
