// Softplus; normal numbers from uniform ones through the inverse of the normal distribution, whose error function is
// inverted for single precision as in Giles 2012, "Approximating the erfinv function", GPU Computing Gems 2.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"

#include <array>
#include <cmath>
#include <numbers>

namespace dl {

Value softplus(Value x, double beta, double threshold) {
  const Value scaled = beta * x, e = exp(minimum(scaled, threshold)), u = 1 + e;
  // What rounding took of a small e beside 1, by the slope of the logarithm.
  const Value lost = stop_gradient((e - (u - 1)) / u);
  return where(scaled > threshold, x, (log(u) + lost) / beta);
}

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

}  // namespace

Value standard_normal(Builder& b, Shape shape) {
  constexpr double half_a_step = 1.0 / (1 << 25);  // of the uniform numbers, which may be 0
  // The largest of them and half a step is rounded to 1, of which there is no normal number.
  const Value uniform = minimum(b.random(std::move(shape)) + half_a_step, 1 - 2 * half_a_step);
  return std::numbers::sqrt2 * inverse_erf(2 * uniform - 1);
}

Value dropped(Builder& b, Value x, double p, Shape of, bool each) {
  if (!b.training() || p == 0) return x;
  of[0] = each ? x.shape()[0] : 1;
  return x * where(b.random(std::move(of)) < p, 0, 1 / (1 - p));
}

Value alpha_dropped(Builder& b, Value x, double p, Shape of) {
  constexpr double lowest = -1.7580993408473766;  // selu's alpha times its scale, negated
  const double scale = 1 / std::sqrt((1 - p) * (1 + p * lowest * lowest));
  of[0] = x.shape()[0];
  return where(b.random(std::move(of)) < p, lowest, x) * scale - scale * p * lowest;
}

Shape whole_channels(Value x) {
  Shape shape = x.shape();
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) shape[axis] = 1;
  return shape;
}

}  // namespace dl
