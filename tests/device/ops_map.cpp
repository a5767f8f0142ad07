// Elementwise functions: literal results (PyTorch's, in double) on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

const Numbers a{-2.5f, -0.5f, 0, 0.25f, 3}, positive{0.25f, 0.5f, 1, 2, 9};

}  // namespace

TEST_CASE("every function of one operand") {
  const struct {
    Function function;
    Numbers x, y;
  } cases[] = {
      {Function::neg, a, {2.5f, 0.5f, 0, -0.25f, -3}},
      {Function::abs, a, {2.5f, 0.5f, 0, 0.25f, 3}},
      {Function::exp, a, {0.0820849986f, 0.60653066f, 1, 1.28402542f, 20.0855369f}},
      {Function::tanh, a, {-0.986614298f, -0.462117157f, 0, 0.244918662f, 0.995054754f}},
      {Function::erf, a, {-0.999593048f, -0.520499878f, 0, 0.27632639f, 0.99997791f}},
      {Function::sigmoid, a, {0.07585818f, 0.377540669f, 0.5f, 0.562176501f, 0.952574127f}},
      {Function::floor, a, {-3, -1, 0, 0, 3}},
      {Function::sin, a, {-0.598472144f, -0.479425539f, 0, 0.247403959f, 0.141120008f}},
      {Function::cos, a, {-0.801143616f, 0.877582562f, 1, 0.968912422f, -0.989992497f}},
      {Function::log, positive, {-1.38629436f, -0.693147181f, 0, 0.693147181f, 2.19722458f}},
      {Function::sqrt, positive, {0.5f, 0.707106781f, 1, 1.41421356f, 3}},
      {Function::rsqrt, positive, {2, 1.41421356f, 1, 0.707106781f, 0.333333333f}},
  };
  for (const auto& c : cases) {
    CAPTURE(name_of(c.function));
    Graph g;
    check_value(map(c.function, input(g, "x", {DType::f32, {5}})), {{"x", c.x}}, c.y);
  }
}

TEST_CASE("functions far out: no overflow, no lost limit") {
  const struct {
    Function function;
    Numbers x, y;
  } cases[] = {
      {Function::exp, {-200, 88, 200}, {0, 1.6516363e38f, infinity}},
      {Function::tanh, {-50, 50, 1e-4f}, {-1, 1, 1e-4f}},
      {Function::sigmoid, {-100, 100, 0}, {3.7835e-44f, 1, 0.5f}},
      {Function::erf, {-10, 10, 1e-4f}, {-1, 1, 1.12837916e-4f}},
      {Function::log, {1e-30f, 1e30f, 1}, {-69.0775528f, 69.0775528f, 0}},
  };
  for (const auto& c : cases) {
    CAPTURE(name_of(c.function));
    Graph g;
    check_value(map(c.function, input(g, "x", {DType::f32, {3}})), {{"x", c.x}}, c.y);
  }
}

TEST_CASE("every function of two operands") {
  const Numbers p{0.25f, 0.5f, 0, 2, 9};
  const struct {
    Function function;
    Numbers x, y, z;
  } cases[] = {
      {Function::add, a, p, {-2.25f, 0, 0, 2.25f, 12}},
      {Function::sub, a, p, {-2.75f, -1, 0, -1.75f, -6}},
      {Function::mul, a, p, {-0.625f, -0.25f, 0, 0.5f, 27}},
      {Function::div, a, positive, {-10, -1, 0, 0.125f, 0.333333333f}},
      {Function::maximum, a, p, {0.25f, 0.5f, 0, 2, 9}},
      {Function::minimum, a, p, {-2.5f, -0.5f, 0, 0.25f, 3}},
      {Function::pow, positive, a, {32, 1.41421356f, 1, 1.18920712f, 729}},
      {Function::less, a, p, {1, 1, 0, 1, 1}},
      {Function::less_equal, a, {-2.5f, -1, 0, 0, 4}, {1, 0, 1, 0, 1}},
      {Function::equal, a, {-2.5f, -1, 0, 0, 3}, {1, 0, 1, 0, 1}},
  };
  for (const auto& c : cases) {
    CAPTURE(name_of(c.function));
    Graph g;
    const Value x = input(g, "x", {DType::f32, {5}}), y = input(g, "y", {DType::f32, {5}});
    check_value(map(c.function, x, y), {{"x", c.x}, {"y", c.y}}, c.z);
  }
}

TEST_CASE("where chooses by its first operand, and what it does not choose does not matter") {
  Graph g;
  const Value c = input(g, "c", {DType::f32, {4}}), x = input(g, "x", {DType::f32, {4}});
  const Feed feed{{"c", {0, 1, -2, 0}}, {"x", {1, 2, 3, 4}}};
  check_value(where(c, x, -x), feed, {-1, 2, 3, -4});
  check_value(where(c, x, log(c)), feed, {-infinity, 2, 3, -infinity});
}

TEST_CASE("the larger and the smaller of a NaN and a number is NaN, on either side") {
  constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
  Graph g;
  const Value a = input(g, "a", {DType::f32, {2}}), b = input(g, "b", {DType::f32, {2}});
  const Feed feed{{"a", {nan_value, 1}}, {"b", {1, nan_value}}};
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> made =
        evaluate(g, {maximum(a, b), minimum(a, b), max(maximum(a, b), {0})}, feed, device);
    for (const Numbers& numbers : made)
      for (const float y : numbers) CHECK(std::isnan(y));
  }
}

TEST_CASE("fma is a b + c") {
  Graph g;
  const Type type{DType::f32, {3}};
  const Value y = map(Function::fma, input(g, "a", type), input(g, "b", type), input(g, "c", type));
  check_value(y, {{"a", {1, 2, 3}}, {"b", {4, 5, 6}}, {"c", {-1, -2, 0.5f}}}, {3, 8, 18.5f});
}

TEST_CASE("operands are broadcast as NumPy does") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 1, 3}}), y = input(g, "y", {DType::f32, {2, 1}});
  const Feed feed{{"x", {1, 2, 3, 4, 5, 6}}, {"y", {10, 20}}};
  const Value z = x + y;
  CHECK(z.shape() == Shape{2, 2, 3});
  check_value(z, feed, {11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26});
  check_value(2 - x, feed, {1, 0, -1, -2, -3, -4});
}

TEST_CASE("bytes and whole numbers become f32") {
  Graph g;
  const Value pixels = input(g, "pixels", {DType::u8, {3}}), labels = input(g, "labels", {DType::i32, {3}});
  const Feed feed{{"pixels", {0, 128, 255}}, {"labels", {-1, 7, 1000000}}};
  check_value(pixels * 0.5, feed, {0, 64, 127.5f});
  check_value(equal(labels, 7), feed, {0, 1, 0});
  check_value(pixels + labels, feed, {-1, 135, 1000255});
}

TEST_CASE("sums, products and windows of bytes are those of the numbers they stand for") {
  Graph g;
  const Value x = input(g, "x", {DType::u8, {1, 2, 2, 1}}), m = reshape(x, {2, 2});
  const Feed bytes{{"x", {1, 2, 3, 255}}};
  check_value(sum(x), bytes, {261});
  check_value(sum(x, {0}), bytes, {1, 2, 3, 255});
  check_value(sum(x, {2}), bytes, {3, 258});
  check_value(max(x, {1}), bytes, {3, 255});
  check_value(moments(m, {0}).mean, bytes, {2, 128.5f});
  check_value(broadcast_to(x, {2, 2, 2, 1}), bytes, {1, 2, 3, 255, 1, 2, 3, 255});
  check_value(transpose(m, {1, 0}), bytes, {1, 3, 2, 255});
  check_value(matmul(m, m), bytes, {7, 512, 768, 65031});
  check_value(max_pool(x, {.size = {2, 2}}), bytes, {255});
  check_value(convolution(x, reshape(iota(g, 4), {1, 1, 2, 2}), {.size = {2, 2}}), bytes, {773});
}

TEST_CASE("GELU, written with erf") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3}});
  check_value(x * 0.5 * (1 + erf(x * 0.70710678118654752)), {{"x", {-1, 0.5f, 2}}},
              {-0.158655254f, 0.345731230f, 1.95449974f});
}
