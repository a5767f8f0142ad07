// What transforms of batches share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/batch_transform.h"

#include <cmath>
#include <numbers>

#include "lib/base/error.h"

namespace dl {

double BatchRandom::uniform() {
  return static_cast<double>(random_uniform(key_, static_cast<uint64_t>(batch_), drawn_++));
}

// Box and Muller 1958, doi:10.1214/aoms/1177706645.
double BatchRandom::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

// Marsaglia and Tsang 2000, doi:10.1145/358407.358414.
double BatchRandom::gamma(double shape) {
  if (shape < 1) return gamma(shape + 1) * std::pow(1 - uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double BatchRandom::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  return x + y > 0 ? x / (x + y) : uniform() < 0.5 ? 0 : 1;  // both vanish where a and b are tiny
}

Value successors(Value batch) {
  const int64_t n = batch.shape()[0];
  return n == 1 ? batch : concatenate({slice(batch, 0, 1, n - 1), slice(batch, 0, 0, 1)}, 0);
}

Value mixed_with_successors(Value batch, Value share) { return share * batch + (1 - share) * successors(batch); }

void expect_numbers(const std::string& name, Value batch) {
  if (batch.type().dtype == DType::f32) return;
  throw ShapeError(concat("expected numbers to mix, '", name, "' holds whole numbers: ", name_of(batch.type().dtype)),
                   "leave it out for tokens and categories");
}

}  // namespace dl
