// Gaussian noise: while training a normal number with mean 0 is added to each element
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GaussianNoise final : Layer {
  double stddev = 0.1;

  void describe(Schema& s) override {
    s.summary("adds normal numbers while training");
    s.also_known_as({"GaussianNoise"});
    s.required("stddev", stddev, "standard deviation").at_least(0).positional().known_as({"std", "sigma"});
    s.example("gaussian_noise: 0.1");
  }

  Value build(Builder& b, Value x) const override {
    return b.training() && stddev > 0 ? x + stddev * standard_normal(b, x.shape()) : x;
  }
};
DL_LAYER(GaussianNoise, "gaussian_noise");

}  // namespace
}  // namespace dl
