// Sums, maxima, moments and what is composed of them: literal results on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

const Type cube{DType::f32, {2, 3, 2}};
const Feed feed{{"x", pattern(12, 5, 7)}};  // -3 2 0 -2 3 1 -1 -3 2 0 -2 3

}  // namespace

TEST_CASE("a sum over axes keeps them with size 1") {
  Graph g;
  const Value x = input(g, "x", cube);
  CHECK(sum(x, {0, -1}).shape() == Shape{1, 3, 1});
  check_value(sum(x, {0, -1}), feed, {-5, 0, 5});
  check_value(sum(x, {1}), feed, {0, 1, -1, 0});
  check_value(sum(x), feed, {0});
  check_value(mean(x, {2}), feed, {-0.5f, -1, 2, -2, 1, 0.5f});
}

TEST_CASE("a maximum over axes") {
  Graph g;
  const Value x = input(g, "x", cube);
  check_value(max(x, {0, 2}), feed, {2, 2, 3});
  check_value(max(x, {1}), feed, {3, 2, 2, 3});
  check_value(max(x, {0, 1, 2}), feed, {3});
}

TEST_CASE("a sum of a thousand equal numbers loses nothing") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1000, 3}});
  check_value(sum(x, {0}), {{"x", Numbers(3000, 0.1f)}}, {100, 100, 100});
  check_value(sum(x), {{"x", Numbers(3000, 0.1f)}}, {300});
}

TEST_CASE("moments are the mean and the biased variance") {
  Graph g;
  const Moments m = moments(input(g, "x", cube), {0, 2});
  check_value(m.mean, feed, {-1.25f, 0, 1.25f});
  check_value(m.variance, feed, {4.1875f, 2, 4.1875f});
}

TEST_CASE("a variance far from zero is exact enough") {
  Graph g;
  const Moments m = moments(input(g, "x", {DType::f32, {4, 2}}), {0});
  check_value(m.variance, {{"x", {10000, 0, 10001, 1, 10002, 0, 10003, 1}}}, {1.25f, 0.25f}, 1e-4);
}

TEST_CASE("softmax and its logarithm bear large numbers") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}});
  const Feed large{{"x", {1, 2, 3, 1000, 1001, -1000}}};
  check_value(softmax(x), large, {0.0900305732f, 0.244728471f, 0.665240956f, 0.268941421f, 0.731058579f, 0});
  check_value(log_softmax(x), large,
              {-2.40760596f, -1.40760596f, -0.407605964f, -1.31326169f, -0.313261688f, -2001.31326f});
}
