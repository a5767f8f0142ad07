// LeCun et al. 1998, "Efficient BackProp": variance 1 / fan_in, so that activations of a linear unit keep their scale.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct LecunUniform final : Initializer {
  void describe(Schema& s) override {
    s.summary("uniform, scaled by the inputs: bound sqrt(3 / fan_in)");
    s.also_known_as({"LecunUniform"});
    s.example("lecun_uniform");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_uniform(values, std::sqrt(3 / fans_of(shape).in), key, begin);
  }
};
DL_INITIALIZER(LecunUniform, "lecun_uniform");

struct LecunNormal final : Initializer {
  void describe(Schema& s) override {
    s.summary("normal, scaled by the inputs: standard deviation 1 / sqrt(fan_in)");
    s.details("What selu asks for. Keras cuts off what is more than two deviations from 0; 'variance_scaling' does.");
    s.also_known_as({"LecunNormal"});
    s.example("lecun_normal");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin) const override {
    fill_normal(values, 1 / std::sqrt(fans_of(shape).in), key, begin);
  }
};
DL_INITIALIZER(LecunNormal, "lecun_normal");

}  // namespace
}  // namespace dl
