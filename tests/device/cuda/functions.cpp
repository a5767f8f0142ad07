// The functions of fused loops, as kernels have them, against the C library in double.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "tests/device/cuda/emulated_thread.h"
// What kernels use of the C library comes before them.
#include "lib/device/cuda/kernels/functions.h"

using namespace dl::cuda;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<float> arguments() {
  std::vector<float> x = {0.0f,  -0.0f,  1.0f,   -1.0f,  0.5f,    2.0f,      INFINITY, -INFINITY, 1e-45f, 1.17e-38f,
                          3e38f, -3e38f, 88.7f,  -104.f, 8192.0f, 8192.001f, -9000.0f, 1e10f,     5.45f,  -5.46f,
                          5.8f,  NAN,    1e-20f, 0.785f, 1.5708f, 1e5f,      -1.1e36f, 2.3e22f};
  std::mt19937 random(3);
  std::uniform_real_distribution<float> small(-10, 10), exponent(-30, 120);
  for (int i = 0; i < 20000; ++i) x.push_back(small(random));
  for (int i = 0; i < 20000; ++i) x.push_back(std::ldexp(small(random) / 10, static_cast<int>(exponent(random))));
  return x;
}

double unit_at(double x) {
  const float size = static_cast<float>(std::min(std::abs(x), double{std::numeric_limits<float>::max()}));
  return std::max(double{std::nextafter(size, INFINITY)} - double{size}, 0x1p-149);
}

// What a thread computes with, for functions that need no others.
struct Alone {
  float quotient(float a, float b) const { return a / b; }
};

// The largest error of a function, `exact` in double, as a part of the last place of `scale` of argument and result.
template <class Function, class Exact, class Scale>
void check(const std::string& name, double allowed, Function function, Exact exact, Scale scale) {
  double worst = 0;
  float at = 0;
  for (float x : arguments()) {
    const float y = function(x);
    const double want = exact(double{x});
    double error =
        std::isnan(want) ? (std::isnan(y) ? 0 : inf) : std::abs(double{y} - want) / unit_at(scale(double{x}, want));
    if (std::isinf(want) || double{y} == want || y == static_cast<float>(want))
      error = double{y} == want || y == static_cast<float>(want) ? 0 : inf;
    if (error <= worst) continue;
    worst = error;
    at = x;
  }
  CHECK_MESSAGE(worst <= allowed, name, " is off by ", worst, " at ", at);
}

double result(double, double y) { return y; }
double argument(double x, double) { return x; }
double one(double, double) { return 1; }
double near_one(double x, double y) { return std::max(std::abs(y), std::abs(x) <= 8192 ? 0x1p-5 : 0.0); }

}  // namespace

TEST_CASE("functions of kernels are right to the last places") {
  using std::numbers::sqrt2;
  check(
      "exp", 3, function::exp, [](double x) { return std::exp(x); }, result);
  check(
      "log", 3, function::log, [](double x) { return std::log(x); }, result);
  check(
      "tanh", 3, function::tanh, [](double x) { return std::tanh(x); }, result);
  check(
      "erf", 3, function::erf, [](double x) { return std::erf(x); }, result);
  check(
      "sigmoid", 3, [](float x) { return function::sigmoid(Alone{}, x); },
      [](double x) { return 1 / (1 + std::exp(-x)); },
      [](double, double y) { return std::max(y, 0x1p-103); });  // 0 where there is no normal number
  check(
      "rsqrt", 1.5, function::rsqrt, [](double x) { return 1 / std::sqrt(x); }, result);
  check(
      "sin", 3, function::sin, [](double x) { return std::sin(x); }, near_one);
  check(
      "cos", 3, function::cos, [](double x) { return std::cos(x); }, near_one);
  check(
      "gelu", 3, [](float x) { return function::gelu(Alone{}, x); },
      [](double x) { return std::isinf(x) && x < 0 ? NAN : x * 0.5 * std::erfc(-x / sqrt2); }, argument);
  check(
      "gelu_slope", 3, [](float x) { return function::gelu_slope(Alone{}, x); },
      [](double x) {
        if (std::isinf(x)) return x > 0 ? 1.0 : 0.0;
        return 0.5 * std::erfc(-x / sqrt2) + x * std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / sqrt2;
      },
      one);
}

TEST_CASE("roundings of kernels are the host's, bit for bit") {
  struct Rounded {
    float *nearest, *dithered;
  };
  constexpr int n = 4096;
  std::vector<float> nearest(n), dithered(n);
  run_emulated(
      {.x = n / 64, .threads = 64},
      [](const auto& t, const Rounded& p) {
        const int i = t.block() * t.count() + t.index();
        const float x = float_of(dl::random_bits(8, 0, static_cast<uint64_t>(i)) & (i % 5 == 0 ? 0xffff8000u : ~0u));
        p.nearest[i] = function::round_bf16(t, x);
        p.dithered[i] = function::dither_bf16(x, dl::random_uniform(9, 0, static_cast<uint64_t>(i)));
      },
      Rounded{nearest.data(), dithered.data()});
  for (uint64_t i = 0; i < n; ++i) {
    const float x = float_of(dl::random_bits(8, 0, i) & (i % 5 == 0 ? 0xffff8000u : ~0u));
    CHECK(bits_of(nearest[i]) == bits_of(dl::float_of_bf16(dl::bf16_of_float(x))));
    CHECK(bits_of(dithered[i]) == bits_of(dl::dithered_bf16(x, dl::random_uniform(9, 0, i))));
  }
}

TEST_CASE("comparisons, choices and extremes of kernels pass numbers that are none on") {
  const float none = NAN;
  CHECK(std::isnan(function::maximum(none, 1)));
  CHECK(std::isnan(function::maximum(1, none)));
  CHECK(std::isnan(function::minimum(none, 1)));
  CHECK(std::isnan(function::minimum(1, none)));
  CHECK(function::maximum(-2, 1) == 1);
  CHECK(function::minimum(-2, 1) == -2);
  CHECK(function::where(0, 1, 2) == 2);
  CHECK(function::where(none, 1, 2) == 1);
  CHECK(function::less(none, 1) == 0);
  CHECK(function::less(0, 1) == 1);
  CHECK(function::less_equal(1, 1) == 1);
  CHECK(function::equal(none, none) == 0);
}
