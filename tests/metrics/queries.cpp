// Rankings by group, and by the values of a sample.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/error_text.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Kinds final : Keep {
  void sum(const std::string& name, Value value) override { values.emplace_back(name, value); }
  void collect(const std::string& name, Value value) override { values.emplace_back(name, value); }
  std::vector<std::pair<std::string, Value>> values;
};

// Of samples that are answers to the queries of their groups.
double of_groups(const std::string& yaml, const Numbers& scores, const Numbers& relevance, const Numbers& groups) {
  const auto metric = read_registered_as<Metric>(yaml);
  const auto loss = read_registered_as<Loss>("bce_with_logits");
  const auto rows = static_cast<int64_t>(scores.size());
  metric->stand_in({.loss = *loss, .prediction = {DType::f32, {1}}, .target = {DType::i32, {}}, .classes = {}});
  Graph g;
  Kinds keep;
  metric->add(keep, {.prediction = input(g, "x", {DType::f32, {rows, 1}}),
                     .target = input(g, "y", {DType::i32, {rows}}),
                     .group = input(g, "group", {DType::i32, {rows}})});
  std::vector<Value> values;
  for (const auto& [name, value] : keep.values) values.push_back(value);
  const std::vector<Numbers> results = evaluate(g, values, {{"x", scores}, {"y", relevance}, {"group", groups}});
  Kept kept;
  for (size_t i = 0; i < results.size(); ++i) kept.columns[keep.values[i].first] = results[i];
  return metric->figures(kept)[0];
}

// torchmetrics 1.9 gives these for the same numbers: RetrievalMRR()(preds, target, indexes) and so on.
const Numbers scores{0.2f, 0.3f, 0.5f, 0.1f, 0.3f, 0.5f, 0.2f, 0.9f, 0.4f};
const Numbers relevance{0, 0, 1, 0, 1, 0, 1, 0, 0}, groups{7, 7, 7, 3, 3, 3, 3, 9, 9};

}  // namespace

TEST_CASE("samples of a group are the answers to one query, wherever they stand") {
  CHECK(of_groups("mrr: {group: query}", scores, relevance, groups) == doctest::Approx((1 + 0.5 + 0) / 3));
  CHECK(of_groups("retrieval_map: {group: query}", scores, relevance, groups) ==
        doctest::Approx((1 + (0.5 + 2.0 / 3) / 2 + 0) / 3));
  CHECK(of_groups("hit_rate: {top_k: 1, group: query}", scores, relevance, groups) == doctest::Approx(1.0 / 3));
  CHECK(of_groups("retrieval_recall: {top_k: 2, group: query}", scores, relevance, groups) ==
        doctest::Approx((1 + 0.5 + 0) / 3));
  CHECK(of_groups("retrieval_precision: {top_k: 2, group: query}", scores, relevance, groups) ==
        doctest::Approx((0.5 + 0.5 + 0) / 3));
  const Numbers mixed_scores{0.9f, 0.2f, 0.1f, 0.3f, 0.3f, 0.5f, 0.5f, 0.2f, 0.4f};
  const Numbers mixed_relevance{0, 0, 0, 0, 1, 1, 0, 1, 0}, mixed_groups{9, 7, 3, 7, 3, 7, 3, 3, 9};
  CHECK(of_groups("mrr: {group: query}", mixed_scores, mixed_relevance, mixed_groups) == doctest::Approx(0.5));
}

TEST_CASE("answers of equal scores count as on average over their orders, wherever the relevant ones stand") {
  const auto of_equal = [](const std::string& metric, const Numbers& relevant) {
    return of_groups(metric, Numbers(relevant.size(), 0.5f), relevant, Numbers(relevant.size(), 1.0f));
  };
  for (const Numbers& one : {Numbers{1, 0, 0, 0}, Numbers{0, 0, 0, 1}}) {
    const double reciprocal = (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 4;
    CHECK(of_equal("mrr: {group: query}", one) == doctest::Approx(reciprocal));
    CHECK(of_equal("mrr: {top_k: 2, group: query}", one) == doctest::Approx((1 + 1.0 / 2) / 4));
    CHECK(of_equal("retrieval_map: {group: query}", one) == doctest::Approx(reciprocal));
    CHECK(of_equal("hit_rate: {top_k: 1, group: query}", one) == doctest::Approx(0.25));
    CHECK(of_equal("hit_rate: {top_k: 3, group: query}", one) == doctest::Approx(0.75));
    CHECK(of_equal("retrieval_precision: {top_k: 2, group: query}", one) == doctest::Approx(0.25));
    CHECK(of_equal("retrieval_recall: {top_k: 2, group: query}", one) == doctest::Approx(0.5));
    CHECK(of_equal("ndcg: {group: query}", one) ==
          doctest::Approx((1 + 1 / std::log2(3.0) + 1 / std::log2(4.0) + 1 / std::log2(5.0)) / 4));
  }
  for (const Numbers& two : {Numbers{1, 1, 0, 0, 0}, Numbers{0, 0, 0, 1, 1}}) {  // of the first two one is in 6 of 10
    CHECK(of_equal("hit_rate: {top_k: 2, group: query}", two) == doctest::Approx(0.7));
    CHECK(of_equal("retrieval_map: {top_k: 2, group: query}", two) == doctest::Approx(0.6 * (1 + 0.5) / 2 + 0.1));
  }
}

TEST_CASE("groups of numbers that a float cannot tell apart are refused") {
  CHECK(error_text([] {
          of_groups("mrr: {group: query}", {1, 2}, {0, 1}, {1, 16777216});
        }) ==
        "error: metric 'mrr': expected numbers below 16777216 in 'query', found 16777216\n"
        "  help: number the groups from 0 on: numpy.unique(group, return_inverse=True)[1]");
}

TEST_CASE("a class as target is the one relevant answer") {
  CHECK(measured("mrr", "cross_entropy", {DType::f32, {2, 3}}, {DType::i32, {2}}, {1, 3, 2, 5, 0, 1}, {2, 0})[0] ==
        doctest::Approx(0.75));
  CHECK(measured("hit_rate: 1", "cross_entropy", {DType::f32, {2, 3}}, {DType::i32, {2}}, {1, 3, 2, 5, 0, 1},
                 {2, 0})[0] == doctest::Approx(0.5));
}

TEST_CASE("vectors of classes are answers to each other, the nearest first") {
  // At 0, 1, 3 and 10 of a line; those nearest to the third are of another class.
  const auto of = [](const std::string& yaml) {
    return measured(yaml, "triplet", {DType::f32, {4, 2}}, {DType::i32, {4}}, {0, 0, 1, 0, 3, 0, 10, 0},
                    {5, 5, 2, 2})[0];
  };
  CHECK(of("hit_rate: 1") == doctest::Approx(0.75));
  CHECK(of("hit_rate: 3") == doctest::Approx(1));
  CHECK(of("mrr") == doctest::Approx((1 + 1 + 1.0 / 3 + 1) / 4));
}

TEST_CASE("of many vectors 2000 are queries, evenly from the first to the last, each among all others") {
  // Pairs on a line, far from each other. Both of a pair are of one class in the first half alone.
  constexpr int64_t vectors = 2500;
  Numbers x, classes;
  for (int64_t i = 0; i < vectors; ++i) {
    x.push_back(float(10 * (i / 2)) + float(i % 2));
    classes.push_back(i < vectors / 2 ? float(i / 2) : float(10'000 + i));
  }
  CHECK(measured("hit_rate: 1", "triplet", {DType::f32, {vectors, 1}}, {DType::i32, {vectors}}, x, classes)[0] ==
        doctest::Approx(0.5).epsilon(1e-3));
}

TEST_CASE("scores or relevances that are NaN leave a ranking without a figure") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::string yaml : {"ndcg", "mrr"}) {
    CAPTURE(yaml);
    CHECK(std::isnan(
        measured(yaml, "bce_with_logits", {DType::f32, {1, 3}}, {DType::f32, {1, 3}}, {1, 2, 3}, {1, nan, 0})[0]));
    CHECK(std::isnan(
        measured(yaml, "bce_with_logits", {DType::f32, {1, 3}}, {DType::f32, {1, 3}}, {1, nan, 3}, {1, 0, 0})[0]));
  }
}

TEST_CASE("a single value a sample is no ranking without a group, and several are none with one") {
  const auto said = [](const std::string& yaml, const Type& prediction, const Type& target) {
    return error_text<ShapeError>([&] { MeasuredMetric(yaml, "bce_with_logits", prediction, target); });
  };
  CHECK(said("mrr", {DType::f32, {2, 1}}, {DType::i32, {2}}) ==
        "expected a value for each answer to a sample's query, got [1]; name the field that says which samples are "
        "ranked together: 'group: FIELD'");
  CHECK(said("mrr: {group: query}", {DType::f32, {2, 3}}, {DType::i32, {2, 3}}) ==
        "expected one value for each sample, an answer to its group's query, got [3] and targets [3]; end the model "
        "with 'linear: 1', or leave 'group' out");
}
