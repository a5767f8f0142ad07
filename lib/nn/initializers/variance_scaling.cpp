// Variance scaling, as Keras has it: variance scale / n, with n one of the fans or their mean.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct VarianceScaling final : Initializer {
  double scale = 1;
  std::string mode = "fan_in", distribution = "truncated_normal";

  void describe(Schema& s) override {
    s.summary("uniform or normal with variance scale / n, n a fan of the tensor");
    s.details(
        "Keras' he_normal is scale 2, its glorot_uniform mode fan_avg and distribution uniform, its lecun_normal what "
        "there "
        "is without keys.");
    s.also_known_as({"VarianceScaling"});
    s.optional("scale", scale, "the variance times the fan").above(0);
    s.optional("mode", mode, "which fan: inputs, outputs or their mean").one_of({"fan_in", "fan_out", "fan_avg"});
    s.optional("distribution", distribution, "which numbers")
        .one_of({"truncated_normal", "untruncated_normal", "uniform"})
        .instead_of_value("normal", "write 'truncated_normal' or 'untruncated_normal'");
    s.example("variance_scaling: {scale: 2, mode: fan_out}");
  }

  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    const Fans fans = fans_of(shape);
    const double fan = mode == "fan_in" ? fans.in : mode == "fan_out" ? fans.out : (fans.in + fans.out) / 2;
    const double std = std::sqrt(scale / fan);
    if (distribution == "uniform") return fill_uniform(values, std::sqrt(3.0) * std, key, begin);
    if (distribution == "untruncated_normal") return fill_normal(values, std, key, begin);
    constexpr double within_two = 0.87962566103423978;  // deviation of a normal number that is within two of its own
    fill_truncated_normal(values, {.std = std / within_two, .low = -2 * std / within_two, .high = 2 * std / within_two},
                          key, begin);
  }
};
DL_INITIALIZER(VarianceScaling, "variance_scaling");

}  // namespace
}  // namespace dl
