// gaussian_nll
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_gradient.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

Value build(const std::string& yaml, Value mean, Value variance) {
  const Value target = input(*mean.graph, "y", {DType::f32, mean.shape()});
  return read_registered_as<Loss>(yaml)->over({.prediction = mean, .target = target, .further = {variance}}).mean;
}

}  // namespace

TEST_CASE("gaussian_nll is (log v + (y - x)^2 / v) / 2, with the variance kept above eps") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2}}), v = input(g, "v", {DType::f32, {2}});
  const Feed feed{{"x", {1, 5}}, {"v", {2, 0}}, {"y", {3, 5}}};
  // 0.5 (0.693147181 + 2), and 0.5 log 1e-6
  check_value(build("gaussian_nll: {variance: v}", x, v), feed, {0.5f * (1.34657359f - 6.90775528f)});
  check_value(build("gaussian_nll: {variance: v, full: true}", x, v), feed,
              {0.5f * (1.34657359f - 6.90775528f) + 0.918938533f});
}

TEST_CASE("the gradient of gaussian_nll for the mean and the variance") {
  check_gradient({.build = [](const std::vector<Value>& x) { return build("gaussian_nll: {variance: v}", x[0], x[1]); },
                  .arguments = {{{6}, random_numbers(6, 3, -2, 2)}, {{6}, random_numbers(6, 4, 0.5, 2)}},
                  .fixed = {{"y", {0, 1, -1, 2, 0.5, -2}}}});
}

TEST_CASE("gaussian_nll names the output that it reads besides") {
  CHECK(read_registered_as<Loss>("gaussian_nll: {variance: spread}")->further_outputs() ==
        std::vector<std::string>{"spread"});
}
