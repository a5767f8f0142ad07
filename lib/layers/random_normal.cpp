// Standard normal random numbers: uniform ones through the inverse of the normal distribution, whose error function is
// inverted for single precision as in Giles 2012, "Approximating the erfinv function", GPU Computing Gems 2:
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <numbers>

#include "lib/nn/layer.h"

namespace dl {
namespace {

template <size_t terms>
Value polynomial(const std::array<double, terms>& highest_first, Value x) {
  Value y = highest_first[0] * x + highest_first[1];
  for (size_t i = 2; i < terms; ++i) y = y * x + highest_first[i];
  return y;
}

// Of x in (-1, 1).
Value inverse_erf(Value x) {
  constexpr std::array near_zero{2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
                                 -0.00125372503, -0.00417768164, 0.246640727,    1.50140941};
  constexpr std::array in_the_tails{-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
                                    -0.0076224613,   0.00943887047,  1.00167406,    2.83297682};
  const Value w = -log((1 - x) * (1 + x));
  return x * where(w < 5, polynomial(near_zero, w - 2.5), polynomial(in_the_tails, sqrt(maximum(w, 5)) - 3));
}

struct RandomNormal final : Layer {
  std::vector<int64_t> shape;
  void describe(Schema& s) override {
    s.summary("standard normal random numbers of a shape, whatever the input: what a generator begins with");
    s.details("They are drawn anew for each training step; an evaluation or prediction draws the same again.");
    s.also_known_as({"randn", "random.normal", "normal_", "noise"});
    s.required("shape", shape, "of a sample").positional().at_least(1);
    s.example("random_normal: [64]");
  }
  Value build(Builder& b, Value x) const override {
    std::vector<int64_t> sizes{x.shape()[0]};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    constexpr double half_a_step = 1.0 / (1 << 25);  // of the uniform numbers, which may be 0
    const Value uniform = b.random(Shape(std::move(sizes))) + half_a_step;
    return std::numbers::sqrt2 * inverse_erf(2 * uniform - 1);
  }
};
DL_LAYER(RandomNormal, "random_normal");

}  // namespace
}  // namespace dl
