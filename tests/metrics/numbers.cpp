// Metrics of numbers and of sequences.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

// The metric's value over two batches.
double over(const std::string& yaml, const Type& prediction, const Type& target, const std::vector<Feed>& feeds) {
  MeasuredMetric metric(yaml, "mse", prediction, target);
  CHECK_FALSE(metric.metric->higher_is_better());
  for (const Feed& feed : feeds) metric.add(feed.at("x"), feed.at("y"));
  return metric.figures()[0];
}

}  // namespace

TEST_CASE("mae, mse and rmse are over all targets of all batches") {
  const Type column{DType::f32, {2, 1}}, single{DType::f32, {2}};
  const std::vector<Feed> feeds{{{"x", {1, 2}}, {"y", {1, 4}}}, {{"x", {0, 0}}, {"y", {-4, 0}}}};
  CHECK(over("mae", column, single, feeds) == doctest::Approx(1.5));
  CHECK(over("mse", column, single, feeds) == doctest::Approx(5));
  CHECK(over("rmse", single, single, feeds) == doctest::Approx(std::sqrt(5.0)));
}

TEST_CASE("perplexity is exp of the mean over all tokens, not a mean of exps") {
  // Two classes at equal values cost log 2; a sure hit costs nothing; the ignored one does not count.
  const Type x{DType::f32, {1, 2, 2}}, y{DType::i32, {1, 2}};
  const std::vector<Feed> feeds{{{"x", {0, 0, 0, 0}}, {"y", {0, 1}}}, {{"x", {100, 0, 0, 0}}, {"y", {0, 9}}}};
  CHECK(over("perplexity: {ignore_index: 9}", x, y, feeds) == doctest::Approx(std::pow(2.0, 2.0 / 3)));
}

TEST_CASE("accuracy of sequences counts tokens, but those that are ignored") {
  MeasuredMetric metric("accuracy: {ignore_index: -1}", "cross_entropy", {DType::f32, {2, 2, 3}}, {DType::i32, {2, 2}});
  metric.add({3, 1, 1, 0, 2, 0, 0, 0, 9, 1, 0, 0}, {0, 0, 2, -1});
  CHECK(metric.kept.number("sum") == 2);
  CHECK(metric.kept.number("count") == 3);
}
