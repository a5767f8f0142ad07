// Metrics of numbers and of sequences.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/evaluate.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

// The metric's value over two batches.
double measured(const std::string& yaml, const Type& prediction, const Type& target, const std::vector<Feed>& feeds) {
  Graph g;
  const auto metric = read_registered_as<Metric>(yaml);
  CHECK_FALSE(metric->higher_is_better());
  const Metric::Sums sums = metric->build(input(g, "x", prediction), input(g, "y", target));
  double sum = 0, count = 0;
  for (const Feed& feed : feeds) {
    const auto results = evaluate(g, {sums.sum, sums.count}, feed);
    sum += double{results[0][0]};
    count += double{results[1][0]};
  }
  return metric->value(sum, count);
}

}  // namespace

TEST_CASE("mae, mse and rmse are over all targets of all batches") {
  const Type column{DType::f32, {2, 1}}, single{DType::f32, {2}};
  const std::vector<Feed> feeds{{{"x", {1, 2}}, {"y", {1, 4}}}, {{"x", {0, 0}}, {"y", {-4, 0}}}};
  CHECK(measured("mae", column, single, feeds) == doctest::Approx(1.5));
  CHECK(measured("mse", column, single, feeds) == doctest::Approx(5));
  CHECK(measured("rmse", single, single, feeds) == doctest::Approx(std::sqrt(5.0)));
}

TEST_CASE("perplexity is exp of the mean over all tokens, not a mean of exps") {
  // Two classes at equal values cost log 2; a sure hit costs nothing; the ignored one does not count.
  const Type x{DType::f32, {1, 2, 2}}, y{DType::i32, {1, 2}};
  const std::vector<Feed> feeds{{{"x", {0, 0, 0, 0}}, {"y", {0, 1}}}, {{"x", {100, 0, 0, 0}}, {"y", {0, 9}}}};
  CHECK(measured("perplexity: {ignore_index: 9}", x, y, feeds) == doctest::Approx(std::pow(2.0, 2.0 / 3)));
}

TEST_CASE("accuracy of sequences counts tokens, but those that are ignored") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 2, 3}}), y = input(g, "y", {DType::i32, {2, 2}});
  const Feed feed{{"x", {3, 1, 1, 0, 2, 0, 0, 0, 9, 1, 0, 0}}, {"y", {0, 0, 2, -1}}};
  const Metric::Sums all = read_registered_as<Metric>("accuracy: {ignore_index: -1}")->build(x, y);
  check_value(all.sum, feed, {2});
  check_value(all.count, feed, {3});
}
