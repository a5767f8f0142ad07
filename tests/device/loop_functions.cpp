// Every elementwise function of every instruction set against the C library in double; random numbers bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/simd/loop.h"

using namespace dl;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity(), nan_value = std::numeric_limits<float>::quiet_NaN();

double exact(LoopCode code, double a, double b, double c, double d) {
  const auto propagate = [&](double larger) { return std::isnan(a) || std::isnan(b) ? NAN : larger; };
  switch (code) {
    case LoopCode::copy: return a;
    case LoopCode::neg: return -a;
    case LoopCode::abs: return std::abs(a);
    case LoopCode::exp: return std::exp(a);
    case LoopCode::log: return std::log(a);
    case LoopCode::sqrt: return std::sqrt(a);
    case LoopCode::rsqrt: return 1 / std::sqrt(a);
    case LoopCode::tanh: return std::tanh(a);
    case LoopCode::erf: return std::erf(a);
    case LoopCode::sigmoid: return 1 / (1 + std::exp(-a));
    case LoopCode::floor: return std::floor(a);
    case LoopCode::sin: return std::sin(a);
    case LoopCode::cos: return std::cos(a);
    case LoopCode::round_bf16: return float_of_bf16(bf16_of_float(static_cast<float>(a)));
    case LoopCode::gelu: return a * 0.5 * std::erfc(-a / std::numbers::sqrt2);
    case LoopCode::gelu_slope:
      if (std::isinf(a)) return a > 0;
      return 0.5 * std::erfc(-a / std::numbers::sqrt2) +
             a * std::exp(-0.5 * a * a) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    case LoopCode::add: return a + b;
    case LoopCode::sub: return a - b;
    case LoopCode::mul: return a * b;
    case LoopCode::div: return a / b;
    case LoopCode::maximum: return propagate(std::max(a, b));
    case LoopCode::minimum: return propagate(std::min(a, b));
    case LoopCode::pow: return std::pow(a, b);
    case LoopCode::dither_bf16: return dithered_bf16(static_cast<float>(a), static_cast<float>(b));
    case LoopCode::less: return a < b;
    case LoopCode::less_equal: return a <= b;
    case LoopCode::equal: return a == b;
    case LoopCode::where: return a != 0 ? b : c;
    case LoopCode::fma: return a * b + c;
    case LoopCode::fms: return a * b - c;
    case LoopCode::fnma: return c - a * b;
    case LoopCode::select_less: return a < b ? c : d;
    case LoopCode::select_less_equal: return a <= b ? c : d;
    case LoopCode::select_equal: return a == b ? c : d;
  }
  return 0;
}

// Units in the last place that a function may be off.
double allowed_ulp(LoopCode code) {
  switch (code) {
    case LoopCode::exp:
    case LoopCode::log:
    case LoopCode::tanh:
    case LoopCode::erf:
    case LoopCode::sigmoid:
    case LoopCode::sin:
    case LoopCode::cos: return 3;
    case LoopCode::gelu:
    case LoopCode::gelu_slope: return 3;
    case LoopCode::rsqrt: return 1.5;
    case LoopCode::fma:  // portable: the product and the sum are rounded
    case LoopCode::fms:
    case LoopCode::fnma: return 1;
    default: return 0.51;
  }
}

// The distance of neighbouring floats at x.
double ulp(double x) {
  const float size = static_cast<float>(std::min(std::abs(x), double{std::numeric_limits<float>::max()}));
  return std::max(double{std::nextafter(size, inf)} - double{size}, 0x1p-149);
}

// The error of y in units in the last place; 0 where both are not numbers, or both too small or large for a float.
double error_ulp(LoopCode code, float y, const float* x) {
  const double want = exact(code, x[0], x[1], x[2], x[3]);
  if (std::isnan(want)) return std::isnan(y) ? 0 : 1e9;
  if (double{y} == want || y == static_cast<float>(want)) return 0;
  if (std::isnan(y) || std::isinf(y) || std::isinf(want)) return 1e9;
  double error = std::abs(double{y} - want);
  if (code == LoopCode::gelu) return error / ulp(double{x[0]});
  if (code == LoopCode::gelu_slope) return error / ulp(1);
  if (code == LoopCode::sigmoid && std::abs(want) < 0x1p-125) return error < 0x1p-125 ? 0 : 1e9;
  if (code == LoopCode::sin || code == LoopCode::cos) error = std::max(0.0, error - 2e-9);  // close to a zero
  if (code == LoopCode::fma || code == LoopCode::fms || code == LoopCode::fnma) {  // of the larger of the two terms
    return error / ulp(std::max({std::abs(want), std::abs(double{x[0]} * double{x[1]}), std::abs(double{x[2]})}));
  }
  return error / ulp(want);
}

std::vector<float> arguments(uint32_t seed) {
  std::vector<float> x = {0.0f,    -0.0f,   1.0f,     -1.0f,     0.5f,     2.0f,      3.0f,  -2.0f,  inf,
                          -inf,    1e-45f,  -1e-40f,  1.17e-38f, 3.4e38f,  -3.4e38f,  88.7f, 88.8f,  -87.4f,
                          -103.9f, -104.5f, 0.70711f, 1e-3f,     1e10f,    -1e10f,    8192,  8193,   1e5f,
                          0.9277f, 0.9278f, 0.6249f,  0.6251f,   3.14159f, 1.570796f, 4.0f,  0.333f, nan_value};
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> exponent(-30, 30), small(-10, 10);
  for (int i = 0; i < 3000; ++i) x.push_back(std::ldexp(small(random), static_cast<int>(exponent(random)) / 2));
  for (int i = 0; i < 3000; ++i) x.push_back(small(random));
  for (int i = 0; i < 200; ++i) x.push_back(std::floor(small(random)));
  std::shuffle(x.begin(), x.end(), random);
  return x;
}

// Second operands that a function takes.
std::vector<float> second_arguments(LoopCode code, uint32_t seed) {
  std::vector<float> x = arguments(seed);
  if (code != LoopCode::dither_bf16) return x;
  for (size_t i = 0; i < x.size(); ++i) x[i] = random_uniform(1, seed, i);
  return x;
}

}  // namespace

TEST_CASE("every elementwise function is right to the last places, whichever operands are single numbers") {
  for (Isa isa : supported_isas()) {
    const LoopMaps& maps = DL_FOR_ISA(isa, loop_maps);
    const std::vector<float> a = arguments(1), c = arguments(3), d = arguments(4);
    const int64_t n = static_cast<int64_t>(a.size());
    for (int k = 0; k < loop_codes; ++k) {
      const LoopCode code = static_cast<LoopCode>(k);
      const std::vector<float> b = second_arguments(code, 2);
      for (unsigned numbers = 0; numbers + 1 < (1u << arity(code)) || numbers == 0; ++numbers) {
        for (int64_t at : {0, 17, 99}) {  // the number
          if (numbers == 0 && at > 0) continue;
          const float* from[4] = {a.data(), b.data(), c.data(), d.data()};
          for (int j = 0; j < 4; ++j) from[j] += (numbers >> j & 1) ? at : 0;
          std::vector<float> y(a.size() + 1, 12345.0f);
          maps.map[k][numbers](y.data(), from[0], from[1], from[2], from[3], n);
          double worst = 0;
          float worst_x[4] = {};
          for (int64_t i = 0; i < n; ++i) {
            float x[4];
            for (int j = 0; j < 4; ++j) x[j] = (numbers >> j & 1) ? *from[j] : from[j][i];
            const double error = error_ulp(code, y[static_cast<size_t>(i)], x);
            if (error <= worst) continue;
            worst = error;
            std::copy_n(x, 4, worst_x);
          }
          CHECK_MESSAGE(worst <= allowed_ulp(code), name_of(isa), " code ", k, " numbers ", numbers, ": off by ", worst,
                        " ulp at ", worst_x[0], " ", worst_x[1], " ", worst_x[2]);
          CHECK(y.back() == 12345.0f);
        }
      }
    }
  }
}

TEST_CASE("a function's result does not depend on where in a block its operand stands") {
  for (Isa isa : supported_isas()) {
    const LoopMaps& maps = DL_FOR_ISA(isa, loop_maps);
    const std::vector<float> x = arguments(5);
    for (int k = 0; k < loop_codes; ++k) {
      const std::vector<float> z = second_arguments(static_cast<LoopCode>(k), 6);
      std::vector<float> whole(x.size()), part(x.size());
      maps.map[k][0](whole.data(), x.data(), z.data(), x.data(), z.data(), static_cast<int64_t>(x.size()));
      for (size_t i = 0; i < 300; ++i) {
        maps.map[k][0](&part[i], &x[i], &z[i], &x[i], &z[i], 1);
        CHECK_MESSAGE(std::memcmp(&part[i], &whole[i], 4) == 0, name_of(isa), " code ", k, " at ", x[i]);
      }
    }
  }
}

TEST_CASE("random blocks are the random numbers of their elements, bit for bit") {
  for (Isa isa : supported_isas()) {
    const LoopFills& fills = DL_FOR_ISA(isa, loop_fills);
    for (uint64_t step : {uint64_t{0}, uint64_t{7}, uint64_t{1} << 33}) {
      for (int64_t first : {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{64}, int64_t{1000}, int64_t{1} << 36}) {
        for (int64_t n : {1, 5, 64, 65, 200}) {
          std::vector<float> y(static_cast<size_t>(n) + 1, -1.0f);
          fills.random(y.data(), 0x123456789abcdef0u, step, first, n);
          for (int64_t i = 0; i < n; ++i) {
            REQUIRE(y[static_cast<size_t>(i)] ==
                    random_uniform(0x123456789abcdef0u, step, static_cast<uint64_t>(first + i)));
          }
          REQUIRE(y.back() == -1.0f);
        }
      }
    }
  }
}

TEST_CASE("rows are summed, searched and filled to their last element and no further") {
  for (Isa isa : supported_isas()) {
    const LoopReductions& reductions = DL_FOR_ISA(isa, loop_reductions);
    const LoopFills& fills = DL_FOR_ISA(isa, loop_fills);
    for (int64_t cols : {1, 3, 10, 16, 17, 63, 64, 65, 200}) {
      const int64_t rows = 5;
      std::vector<float> x;
      for (int64_t i = 0; i < rows * cols; ++i) x.push_back(static_cast<float>((i * 37) % 101) - 50);
      std::vector<float> sum(6, 9.0f), most(6, 9.0f), wide(x.size() + 1, 9.0f),
          down(static_cast<size_t>(cols) + 1, 1.0f);
      reductions.row_sum(sum.data(), x.data(), rows, cols, false);
      reductions.row_max(most.data(), x.data(), rows, cols, false);
      reductions.sum_rows(down.data(), x.data(), rows, cols, cols);
      fills.spread(wide.data(), sum.data(), rows, cols);
      double all = 0;
      for (int64_t r = 0; r < rows; ++r) {
        double s = 0, m = -inf;
        for (int64_t c = 0; c < cols; ++c) {
          const size_t at = static_cast<size_t>(r * cols + c);
          s += double{x[at]};
          m = std::max(m, double{x[at]});
          REQUIRE(wide[at] == sum[static_cast<size_t>(r)]);
        }
        all += s;
        REQUIRE(double{sum[static_cast<size_t>(r)]} == s);
        REQUIRE(double{most[static_cast<size_t>(r)]} == m);
      }
      REQUIRE(reductions.total(x.data(), rows * cols) == all);
      double columns = 0;
      for (float s : down) columns += double{s} - 1;
      REQUIRE(columns == all);
      REQUIRE(down.back() == 1.0f);
      REQUIRE((sum.back() == 9.0f && most.back() == 9.0f && wide.back() == 9.0f));
      reductions.row_sum(sum.data(), x.data(), rows, cols, true);
      REQUIRE(sum[4] == 2 * wide[static_cast<size_t>(4 * cols)]);
      x[static_cast<size_t>(cols)] = nan_value;
      reductions.row_max(most.data(), x.data(), rows, cols, false);
      REQUIRE((std::isnan(most[1]) && !std::isnan(most[0])));
    }
  }
}
