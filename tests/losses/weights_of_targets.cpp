// What is written once around all losses: means, weights of samples, targets that are probabilities.
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_gradient.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

Loss::Mean over(const std::string& yaml, Value x, Value y, Value weight = {}) {
  return read_registered_as<Loss>(yaml)->over({.prediction = x, .target = y}, weight);
}

}  // namespace

TEST_CASE("weights of samples weigh every loss of a sample, and divide by their sum") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3, 2}}), y = input(g, "y", {DType::f32, {3, 2}});
  const Value w = input(g, "w", {DType::f32, {3}});
  const Feed feed{{"x", {1, 2, 0, 0, 9, 9}}, {"y", {0, 0, 1, 3, 0, 0}}, {"w", {2, 0.5, 0}}};
  const auto [mean, count] = over("mse", x, y, w);
  check_value(mean, feed, {(2 * (1 + 4) + 0.5f * (1 + 9)) / 5});
  check_value(count, feed, {5});
}

TEST_CASE("a weight of 0 for all makes a loss of 0, not one that is no number") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}}), y = input(g, "y", {DType::i32, {2}});
  const Value w = input(g, "w", {DType::f32, {2}});
  check_value(over("cross_entropy", x, y, w).mean, {{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 1}}, {"w", {0, 0}}}, {0});
}

TEST_CASE("weights of samples come on top of ignored targets and of weights of classes") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3, 2}}), y = input(g, "y", {DType::i32, {3}});
  const Value w = input(g, "w", {DType::f32, {3}});
  const auto loss = read_registered_as<Loss>("cross_entropy: {ignore_index: -1, weight: [1, 4]}");
  loss->learn({.classes = {}, .values = 2, .count = {}});
  const auto [mean, count] = loss->over({.prediction = x, .target = y}, w);
  const Feed feed{{"x", {0, 0, 0, 0, 5, 5}}, {"y", {0, 1, -1}}, {"w", {3, 0.5, 7}}};
  check_value(count, feed, {3 * 1 + 0.5f * 4});
  check_value(mean, feed, {std::log(2.0f)});
}

TEST_CASE("cross_entropy of probabilities is that of the class where one is 1, smoothed or not") {
  for (const std::string yaml : {"cross_entropy", "cross_entropy: {label_smoothing: 0.2}"}) {
    Graph g;
    const Value x = input(g, "x", {DType::f32, {2, 3}});
    const Value classes = input(g, "c", {DType::i32, {2}}), shares = input(g, "p", {DType::f32, {2, 3}});
    const Feed feed{{"x", {1, 2, -1, 0, 0.5, 3}}, {"c", {2, 1}}, {"p", {0, 0, 1, 0, 1, 0}}};
    check_value(over(yaml, x, shares).mean, feed, evaluate(g, {over(yaml, x, classes).mean}, feed)[0]);
  }
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 2}}), shares = input(g, "p", {DType::f32, {1, 2}});
  check_value(over("cross_entropy", x, shares).mean, {{"x", {0, 0}}, {"p", {0.3, 0.7}}}, {std::log(2.0f)});
}

TEST_CASE("the gradient of cross_entropy of probabilities") {
  check_gradient({.build =
                      [](const std::vector<Value>& x) {
                        return over("cross_entropy: {label_smoothing: 0.1}", x[0],
                                    input(*x[0].graph, "y", {DType::f32, {2, 3}}))
                            .mean;
                      },
                  .arguments = {{{2, 3}, random_numbers(6, 3, -2, 2)}},
                  .fixed = {{"y", {0.2, 0.3, 0.5, 1, 0, 0}}}});
}
