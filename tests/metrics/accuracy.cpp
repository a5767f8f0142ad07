// accuracy
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/error_text.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

void check_hits(const std::string& yaml, const Numbers& prediction, const Numbers& target, float hits) {
  const int64_t batch = static_cast<int64_t>(target.size());
  const int64_t classes = static_cast<int64_t>(prediction.size()) / batch;
  for (const std::string& device : devices()) {
    MeasuredMetric metric(yaml, "cross_entropy", {DType::f32, {batch, classes}}, {DType::i32, {batch}}, {}, device);
    metric.add(prediction, target);
    CHECK(metric.kept.number("sum") == double{hits});
    CHECK(metric.kept.number("count") == static_cast<double>(batch));
  }
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("accuracy counts the samples whose class has the largest value") {
  check_hits("accuracy", {1, 3, 2, 0, -1, 5, 9, 8, 7}, {1, 2, 2}, 2);
}

TEST_CASE("among the top_k largest values counts as a hit") {
  check_hits("accuracy: {top_k: 2}", {1, 3, 2, 0, -1, 5, 9, 8, 7}, {2, 1, 1}, 2);
}

TEST_CASE("among equal values the first class wins, so that a model that says nothing is not right") {
  check_hits("accuracy", {0, 0, 0, 0, 0, 0}, {0, 1}, 1);
}

TEST_CASE("a prediction that is not a number is a miss") {
  check_hits("accuracy", {not_a_number, not_a_number, 1, not_a_number}, {0, 0}, 0);
}

TEST_CASE("a class that cannot be, of a value of minus infinity, is no miss of another") {
  constexpr float none = -std::numeric_limits<float>::infinity();
  check_hits("accuracy", {1, none, 0, none, none, 2}, {0, 2}, 2);
  check_hits("accuracy", {none, 1, 0, none, 0, 2}, {0, 0}, 0);
  const Type x{DType::f32, {2, 3}}, y{DType::i32, {2}};
  const Numbers logits{0, none, 0, none, none, 2}, targets{0, 2};
  CHECK(measured("log_loss", "cross_entropy", x, y, logits, targets)[0] == doctest::Approx(std::log(2.0) / 2));
  CHECK(measured("perplexity", "cross_entropy", x, y, logits, targets)[0] == doctest::Approx(std::sqrt(2.0)));
}

TEST_CASE("accuracy is hits over samples, and better where higher") {
  const auto accuracy = read_registered_as<Metric>("accuracy");
  CHECK(accuracy->figures({.sums = {{"sum", {3}}, {"count", {4}}}}) == std::vector<double>{0.75});
  CHECK(std::isnan(accuracy->figures({.sums = {{"sum", {0}}, {"count", {0}}}})[0]));
  CHECK(accuracy->higher_is_better());
}

TEST_CASE("accuracy asks for one value a class and a class as target") {
  CHECK(error_text<ShapeError>([&] {
          MeasuredMetric("accuracy", "cross_entropy", {DType::f32, {2, 4, 4, 3}}, {DType::i32, {2}});
        }) ==
        "expected one value a class and a class as target, got [4, 4, 3] and []; end the model with "
        "'global_avg_pool2d' or 'flatten', and "
        "'linear: ${data.classes}'");
}

TEST_CASE("accuracy against probabilities is that of the largest") {
  const Type two{DType::f32, {2, 3}};
  CHECK(measured("accuracy", "cross_entropy", two, two, {3, 1, 0, 0, 1, 0}, {0.6, 0.4, 0, 0.5, 0.2, 0.3}) ==
        std::vector<double>{0.5});
}
