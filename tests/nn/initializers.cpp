// Initializers: PyTorch's formulas, and the same numbers for the same key.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/initializer.h"

#include <algorithm>
#include <cmath>

#include "lib/base/random.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<float> filled(const std::string& yaml, const Shape& shape, uint64_t key = 1) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  read_registered_as<Initializer>(yaml)->fill(values, shape, key);
  return values;
}

double mean_square(const std::vector<float>& values) {
  double sum = 0;
  for (float v : values) sum += double{v} * double{v};
  return sum / static_cast<double>(values.size());
}

const Shape weight{64, 32, 3, 3};  // fans: in 288, out 576

}  // namespace

TEST_CASE("fans are PyTorch's: in is all but the outputs, out all but the inputs") {
  CHECK(fans_of(weight).in == 288);
  CHECK(fans_of(weight).out == 576);
  CHECK(fans_of({10, 84}).in == 84);
  CHECK(fans_of({10, 84}).out == 10);
}

TEST_CASE("constant fills with its number") {
  CHECK(filled("constant: 0.5", {3}) == std::vector<float>{0.5f, 0.5f, 0.5f});
}

TEST_CASE("initializers spread as their formulas say") {
  const struct {
    std::string yaml;
    double variance, bound;  // bound 0: none
  } cases[] = {
      {"uniform: 0.3", 0.3 * 0.3 / 3, 0.3},
      {"normal: 0.02", 0.02 * 0.02, 0},
      {"kaiming_uniform", 2.0 / 288, std::sqrt(6.0 / 288)},
      {"kaiming_normal", 2.0 / 288, 0},
      {"kaiming_normal: {mode: fan_out}", 2.0 / 576, 0},
      {"kaiming_uniform: {a: 2}", 2.0 / 5 / 288, std::sqrt(6.0 / 5 / 288)},
      {"xavier_uniform", 2.0 / (288 + 576), std::sqrt(6.0 / (288 + 576))},
      {"xavier_normal", 2.0 / (288 + 576), 0},
      {"xavier_uniform: {gain: 2}", 8.0 / (288 + 576), 2 * std::sqrt(6.0 / (288 + 576))},
  };
  for (const auto& c : cases) {
    CAPTURE(c.yaml);
    const std::vector<float> values = filled(c.yaml, weight);
    CHECK(mean_square(values) == doctest::Approx(c.variance).epsilon(0.03));
    double sum = 0;
    for (float v : values) sum += v;
    const double mean = sum / static_cast<double>(values.size());
    CHECK(std::abs(mean) < 4 * std::sqrt(c.variance / static_cast<double>(values.size())));
    if (c.bound == 0) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    CHECK(*low >= -c.bound * (1 + 1e-6));
    CHECK(*high <= c.bound * (1 + 1e-6));
    CHECK(*high - *low > 1.99 * c.bound);
  }
}

TEST_CASE("the same key gives the same numbers, another key others") {
  for (const std::string yaml : {"normal: 1", "kaiming_uniform", "xavier_normal"}) {
    CHECK(filled(yaml, weight, 1) == filled(yaml, weight, 1));
    CHECK_FALSE(filled(yaml, weight, 1) == filled(yaml, weight, 2));
  }
}

TEST_CASE("normal numbers are those of Box and Muller") {
  const std::vector<float> values = filled("normal: 0.5", weight);
  const double pi = std::acos(-1);
  for (size_t i = 0; i < values.size(); ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - double{random_uniform(1, 0, i)}));
    const double expected = 0.5 * radius * std::cos(2 * pi * double{random_uniform(1, 1, i)});
    CHECK(std::abs(double{values[i]} - expected) <= 1e-7 * radius);
  }
}

TEST_CASE("a part of a tensor is filled with what the whole has there") {
  for (const std::string yaml : {"constant: 2", "uniform: 1", "normal: 1", "kaiming_uniform", "xavier_normal"}) {
    CAPTURE(yaml);
    const std::vector<float> whole = filled(yaml, weight);
    std::vector<float> part(100);
    read_registered_as<Initializer>(yaml)->fill(part, weight, 1, 640);
    CHECK(std::equal(part.begin(), part.end(), whole.begin() + 640));
  }
}
