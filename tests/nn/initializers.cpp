// Initializers: PyTorch's formulas, and the same numbers for the same key.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/initializer.h"

#include <algorithm>
#include <cmath>

#include "lib/base/random.h"
#include "tests/golden/golden.h"
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

TEST_CASE("initializers fill tensors as PyTorch's and Keras's do, as far as chance lets them") {
  golden::for_each_case("fills", [](const golden::Json& recorded) {
    const Shape shape = golden::shape_of(recorded);
    const std::vector<float> values = filled(recorded["yaml"], shape);
    if (recorded.contains("values")) return golden::check_near("filled", values, recorded["values"], 1e-6);
    const double n = static_cast<double>(values.size()), std = recorded["std"], mean = recorded["mean"];
    const double sure = 5 * std::sqrt(2 / n);  // five standard errors of the difference of two estimates
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    for (const double value : values) squares += (value - sum / n) * (value - sum / n);
    CHECK_MESSAGE(std::abs(sum / n - mean) < sure * std, "mean ", sum / n, ", PyTorch's ", mean);
    CHECK_MESSAGE(std::abs(std::sqrt(squares / n) / std - 1) < sure, "deviation ", std::sqrt(squares / n),
                  ", PyTorch's ", std);
    const int64_t zeros = recorded["zeros"];
    const double drawn = std / std::sqrt(1 - static_cast<double>(zeros) / n);  // the deviation of those that are not 0
    const auto [low, high] = std::ranges::minmax(values);
    CHECK(std::abs(double{low} - recorded["low"].get<double>()) < 2 * drawn);
    CHECK(std::abs(double{high} - recorded["high"].get<double>()) < 2 * drawn);
    CHECK(std::ranges::count(values, 0.0f) == zeros);
  });
}

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

TEST_CASE("uniform and normal numbers may lie around another number than 0") {
  const std::vector<float> uniform = filled("uniform: {bound: 0.5, mean: 0.5}", weight);
  const auto [low, high] = std::minmax_element(uniform.begin(), uniform.end());
  CHECK(*low >= 0);
  CHECK(*high <= 1);
  const std::vector<float> normal = filled("normal: {std: 0.1, mean: 3}", weight),
                           as_before = filled("normal: 0.1", weight);
  for (size_t i = 0; i < normal.size(); ++i) REQUIRE(normal[i] == doctest::Approx(as_before[i] + 3));
}

TEST_CASE("zeros, ones, identity and dirac are without chance, wherever a part of the tensor begins") {
  CHECK(filled("zeros", {2}) == std::vector<float>{0, 0});
  CHECK(filled("ones", {2}) == std::vector<float>{1, 1});
  CHECK(filled("identity: 3", {2, 3}) == std::vector<float>{3, 0, 0, 0, 3, 0});
  CHECK(filled("identity", {3, 2}) == std::vector<float>{1, 0, 0, 1, 0, 0});
  // torch.nn.init.dirac_ of [3, 2, 3] and, with two groups, of [4, 2, 2].
  CHECK(filled("dirac", {3, 2, 3}) == std::vector<float>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  CHECK(filled("dirac: {groups: 2}", {4, 2, 2}) == std::vector<float>{0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1});
  const Shape large{40, 20, 3, 3};
  for (const std::string yaml : {"dirac", "identity"}) {
    const std::vector<float> all = filled(yaml, large);
    std::vector<float> part(128);
    read_registered_as<Initializer>(yaml)->fill(part, large, 1, 640);
    CHECK(std::equal(part.begin(), part.end(), all.begin() + 640));
  }
}

TEST_CASE("orthogonal gives rows, or where these are more than the columns columns, that are orthogonal") {
  for (const Shape& shape : {Shape{4, 9}, Shape{9, 4}, Shape{5, 5}, Shape{6, 2, 3, 3}, Shape{1, 7}}) {
    CAPTURE(shape.text());
    const std::vector<float> values = filled("orthogonal: 1.5", shape);
    const size_t rows = static_cast<size_t>(shape[0]), columns = values.size() / rows;
    const bool by_rows = rows <= columns;
    const auto at = [&](size_t vector, size_t i) {
      return double{values[by_rows ? vector * columns + i : i * columns + vector]};
    };
    for (size_t a = 0; a < std::min(rows, columns); ++a) {
      for (size_t b = 0; b <= a; ++b) {
        double dot = 0;
        for (size_t i = 0; i < std::max(rows, columns); ++i) dot += at(a, i) * at(b, i);
        CHECK(std::abs(dot - (a == b ? 2.25 : 0)) < 1e-6);
      }
    }
  }
  CHECK(filled("orthogonal", {4, 9}, 1) != filled("orthogonal", {4, 9}, 2));
}

TEST_CASE("sparse sets a share of each column to 0") {
  const std::vector<float> values = filled("sparse: {sparsity: 0.3, std: 0.5}", {10, 40});
  double squares = 0;
  for (size_t column = 0; column < 40; ++column) {
    int zeros = 0;
    for (size_t row = 0; row < 10; ++row) {
      zeros += values[row * 40 + column] == 0;
      squares += double{values[row * 40 + column]} * double{values[row * 40 + column]};
    }
    CHECK(zeros == 3);
  }
  CHECK(squares / 280 == doctest::Approx(0.25).epsilon(0.2));
}

TEST_CASE("truncated_normal draws again what lies outside of its bounds") {
  // The variance of a standard normal number within [-2, 2] is 0.7737413.
  const struct {
    std::string yaml;
    double low, high, mean, variance;
  } cases[] = {
      {"truncated_normal: 0.02", -0.04, 0.04, 0, 0.7737413 * 0.0004},
      {"truncated_normal: {std: 1, a: -2, b: 2}", -2, 2, 0, 0.7737413},
      {"truncated_normal: {std: 1, mean: 5}", 3, 7, 5, 0.7737413},
      {"truncated_normal: {std: 1, a: 0, b: 1}", 0, 1, 0.4598622, 0.0795867},
      {"variance_scaling: {scale: 2}", -2 / 0.87962566 * std::sqrt(2.0 / 288), 2 / 0.87962566 * std::sqrt(2.0 / 288), 0,
       2.0 / 288},
      {"variance_scaling: {mode: fan_avg, distribution: uniform}", -std::sqrt(3.0 / 432), std::sqrt(3.0 / 432), 0,
       1.0 / 432},
      {"variance_scaling: {mode: fan_out, distribution: untruncated_normal}", -10, 10, 0, 1.0 / 576},
      {"lecun_uniform", -std::sqrt(3.0 / 288), std::sqrt(3.0 / 288), 0, 1.0 / 288},
      {"lecun_normal", -10, 10, 0, 1.0 / 288},
  };
  for (const auto& c : cases) {
    CAPTURE(c.yaml);
    const std::vector<float> values = filled(c.yaml, weight);
    double sum = 0, squares = 0;
    for (const double v : values) {
      REQUIRE(v >= c.low - 1e-6);
      REQUIRE(v <= c.high + 1e-6);
      sum += v;
      squares += (v - c.mean) * (v - c.mean);
    }
    const double n = static_cast<double>(values.size());
    CHECK(std::abs(sum / n - c.mean) < 4 * std::sqrt(c.variance / n));
    CHECK(squares / n == doctest::Approx(c.variance).epsilon(0.03));
    std::vector<float> part(128);
    read_registered_as<Initializer>(c.yaml)->fill(part, weight, 1, 640);
    CHECK(std::equal(part.begin(), part.end(), values.begin() + 640));
  }
  CHECK(problems_of<Initializer>("truncated_normal: {std: 1, a: 2, b: 1}") ==
        "error: test:1:37: initializer.truncated_normal.b: expected a number above a (2), got 1\n");
}

TEST_CASE("the same key gives the same numbers, another key others") {
  for (const std::string yaml :
       {"normal: 1", "kaiming_uniform", "xavier_normal", "orthogonal", "sparse: 0.1", "truncated_normal: 1"}) {
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
