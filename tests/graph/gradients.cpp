// Which operations have gradients, and what is said of those that have none.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What gradients() of the sum of `y` says of its failing; empty where it does not.
std::string failure(Value y, Value x) {
  return error_text<CheckFailure>([&] { gradients(sum(y), {x}); });
}

}  // namespace

TEST_CASE("an operation without a gradient rule fails when it is asked for one, and is named") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 4, 4, 3}});
  const Value y = max_pool(x, {.size = {2, 2}, .stride = {2, 2}});
  const Value slope = gradients(sum(y * y), {x})[0];
  CHECK(failure(slope, x).find("max_pool2d_grad has no gradient rule") != std::string::npos);
}

TEST_CASE("an operation without a gradient rule is not asked where nothing that is wanted leads through it") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 4, 4, 3}}), z = input(g, "z", {DType::f32, {2, 4, 4, 3}});
  const Value y = max_pool(x, {.size = {2, 2}, .stride = {2, 2}});
  const Value slope = gradients(sum(y * y), {x})[0];
  CHECK(failure(slope * z, z).empty());
}

TEST_CASE("comparisons, rounding down, random numbers and what is stopped have no gradient, and say so") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {5}}), step = input(g, "step", {DType::f32, {}});
  for (const Value y : {x > 0, x <= 1.0, equal(x, 2), map(Function::floor, x), stop_gradient(x)})
    CHECK_FALSE(gradients(sum(y), {x})[0]);
  CHECK_FALSE(gradients(sum(random_uniform(step, {4}, 1, "dropout")), {step})[0]);
}

TEST_CASE("a convolution, its gradients and their gradients are made of the same three operations") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 6, 2}}), w = input(g, "w", {DType::f32, {3, 2, 3}});
  const Value y = convolution(x, w, {.rank = 1, .size = {3}});
  const std::vector<Value> first = gradients(sum(y * y), {x, w});
  const std::vector<Value> second = gradients(sum(first[0] * first[0]) + sum(first[1] * first[1]), {x, w});
  CHECK(second[0].shape() == x.shape());
  CHECK(second[1].shape() == w.shape());
}
