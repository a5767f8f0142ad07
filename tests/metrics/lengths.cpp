// What metrics make of places behind the end of a sequence: what they make of the places before it alone.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<double> figures_of(const std::string& yaml, const std::string& loss, const Type& prediction,
                               const Type& target, const Numbers& x, const Numbers& y, const Numbers& lengths) {
  MeasuredMetric metric(yaml, loss, prediction, target, {}, "reference", !lengths.empty());
  metric.add(x, y, lengths);
  return metric.figures();
}

// Two sequences of 5 places, of which 3 and 4 are steps; `of_place` numbers a place. The steps alone, one after
// another.
Numbers steps(const Numbers& all, size_t of_place) {
  Numbers kept(all.begin(), all.begin() + static_cast<int64_t>(3 * of_place));
  kept.insert(kept.end(), all.begin() + static_cast<int64_t>(5 * of_place),
              all.begin() + static_cast<int64_t>(9 * of_place));
  return kept;
}

void check_same(const std::string& yaml, const std::string& loss, int64_t values, const Numbers& x, const Numbers& y) {
  CAPTURE(yaml);
  const bool one = values == 0;
  const auto prediction = [&](int64_t n, int64_t places) {
    std::vector<int64_t> sizes{n, places};
    if (!one) sizes.push_back(values);
    return Type{DType::f32, Shape(std::move(sizes))};
  };
  const DType dtype = loss == "mse" ? DType::f32 : DType::i32;
  const std::vector<double> padded = figures_of(yaml, loss, prediction(2, 5), {dtype, {2, 5}}, x, y, {3, 4});
  const std::vector<double> alone = figures_of(yaml, loss, prediction(1, 7), {dtype, {1, 7}},
                                               steps(x, one ? 1 : static_cast<size_t>(values)), steps(y, 1), {7});
  REQUIRE(padded.size() == alone.size());
  for (size_t i = 0; i < alone.size(); ++i) CHECK(padded[i] == doctest::Approx(alone[i]).epsilon(1e-6));
  CHECK(padded != figures_of(yaml, loss, prediction(2, 5), {dtype, {2, 5}}, x, y, {5, 5}));
}

}  // namespace

TEST_CASE("metrics of classes leave places behind the end of a sequence out") {
  const Numbers x = random_numbers(2 * 5 * 3, 3, -2, 2), y{0, 1, 2, 2, 2, 1, 2, 0, 1, 0};
  for (const char* yaml :
       {"accuracy", "calibration_error", "cohen_kappa", "f_beta", "iou", "mcc", "perplexity",
        "precision: {average: weighted}", "recall: {average: micro}", "roc_auc", "average_precision"})
    check_same(yaml, "cross_entropy", 3, x, y);
}

TEST_CASE("metrics of one value a place leave places behind the end of a sequence out, and take it for two classes") {
  const Numbers x = random_numbers(2 * 5, 5, -2, 2), y{0, 1, 0, 1, 1, 1, 1, 0, 1, 1};
  for (const char* yaml : {"accuracy", "calibration_error", "mcc", "f_beta", "recall: {average: micro}", "roc_auc"})
    check_same(yaml, "bce_with_logits", 0, x, y);
}

TEST_CASE("metrics of numbers leave places behind the end of a sequence out") {
  const Numbers x = random_numbers(2 * 5, 7), y = random_numbers(2 * 5, 8);
  for (const char* yaml : {"mae", "mse", "rmse"}) check_same(yaml, "mse", 0, x, y);
}

TEST_CASE("a confusion matrix counts the places of sequences that are steps") {
  MeasuredMetric metric("confusion_matrix", "cross_entropy", {DType::f32, {1, 3, 2}}, {DType::i32, {1, 3}}, {},
                        "reference", true);
  metric.add({1, 0, 1, 0, 1, 0}, {0, 1, 1}, {2});
  CHECK(metric.kept.sum("confusion") == std::vector<double>{1, 0, 1, 0});
}

TEST_CASE("metrics that keep all numbers say that they cannot leave places out") {
  for (const char* yaml : {"r2", "pearson", "spearman"}) {
    try {
      MeasuredMetric(yaml, "mse", {DType::f32, {2, 3}}, {DType::f32, {2, 3}}, {}, "reference", true);
      FAIL("it was taken");
    } catch (const ShapeError& error) {
      CHECK(std::string(error.what()) ==
            "keeps all predictions and targets, and cannot leave out places behind a sequence's end");
      CHECK(error.help == "leave it out, or write 'mae'");
    }
  }
}
