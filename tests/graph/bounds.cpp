// Bounds of values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/bounds.h"

#include <doctest/doctest.h>

#include "lib/graph/ops.h"

using namespace dl;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

void check_bounds(const Value& value, double low, double high) {
  const Bounds bounds = bounds_of(value);
  CHECK((bounds.low == low || bounds.low == doctest::Approx(low)));
  CHECK((bounds.high == high || bounds.high == doctest::Approx(high)));
}

}  // namespace

TEST_CASE("activations bound what comes out of them, through shapes and sums over the last axis") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3, 4}});
  check_bounds(x, -infinite, infinite);
  check_bounds(maximum(x, 0), 0, infinite);
  check_bounds(reshape(transpose(maximum(x, 0), {0, 2, 1}), {2, 12}), 0, infinite);
  check_bounds(softmax(x), 0, infinite);
  check_bounds(sigmoid(x), 0, 1);
  check_bounds(2 * sigmoid(x) - 1, -1, 1);
  check_bounds(30 * tanh(x / 30), -30, 30);
  check_bounds(map(Function::gelu, x), -0.17, infinite);
  check_bounds(-abs(x), -infinite, 0);
  check_bounds(where(x > 0, 2, -3), -3, 2);
}

TEST_CASE("what has a weight, a bias or a sum over images in it has no bounds") {
  Graph g;
  const Value x = maximum(input(g, "x", {DType::f32, {2, 3, 4}}), 0);
  const Value w = variable(g, {"w", {DType::f32, {4}}});
  check_bounds(x + w, -infinite, infinite);
  check_bounds(x * w, -infinite, infinite);
  check_bounds(sum(x, {1}), -infinite, infinite);
  check_bounds(log_softmax(input(g, "y", {DType::f32, {2, 3}})), -infinite, infinite);
}
