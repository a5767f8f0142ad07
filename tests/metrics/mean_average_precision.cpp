// mean_average_precision: what pycocotools says, which coco_figures.py records, and literal results.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/graph/boxes.h"
#include "tests/measured.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Rows of images, so many each, those that are none behind.
Numbers padded_rows(const std::vector<std::vector<std::vector<float>>>& images, size_t each) {
  Numbers values;
  for (const auto& rows : images) {
    REQUIRE(rows.size() <= each);
    for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
    for (size_t i = rows.size(); i < each; ++i) values.insert(values.end(), {0, 0, 0, 0, BoxRow::no_class, 0});
  }
  return values;
}

MeasuredMetric metric_of(int64_t images, int64_t found, int64_t there, std::vector<std::string> classes = {}) {
  return MeasuredMetric("mean_average_precision", "ssd", {DType::f32, {images, found, 6}},
                        {DType::f32, {images, there, 6}}, std::move(classes));
}

std::vector<double> one_image(const std::vector<std::vector<float>>& found,
                              const std::vector<std::vector<float>>& there) {
  MeasuredMetric metric = metric_of(1, 4, 4);
  metric.add(padded_rows({found}, 4), padded_rows({there}, 4));
  return metric.figures();
}

}  // namespace

TEST_CASE("mean_average_precision says what pycocotools says") {
  const auto cases =
      nlohmann::json::parse(std::ifstream(std::string(source_dir()) + "/tests/metrics/coco_figures.json"));
  REQUIRE(cases.size() == 40);
  for (size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const std::vector<std::vector<std::vector<float>>> found = cases[i]["found"], there = cases[i]["there"];
    MeasuredMetric metric = metric_of(1, 64, 9);
    for (size_t image = 0; image < found.size(); ++image)
      metric.add(padded_rows({found[image]}, 64), padded_rows({there[image]}, 9));
    const std::vector<double> figures = metric.figures();
    for (size_t k = 0; k < 3; ++k) {
      const nlohmann::json& expected = cases[i]["figures"][k];
      CHECK(std::isnan(figures[k]) == expected.is_null());
      if (!expected.is_null()) CHECK(figures[k] == doctest::Approx(expected.get<double>()).epsilon(1e-9));
    }
  }
}

TEST_CASE("boxes that are found exactly are worth 1, and those that overlap by 0.6 what thresholds up to it give") {
  for (const double figure : one_image({{0, 0, 10, 10, 1, 0.9f}}, {{0, 0, 10, 10, 1, 0}}))
    CHECK(figure == doctest::Approx(1));
  const std::vector<double> some = one_image({{0, 0, 10, 6.2f, 0, 0.9f}}, {{0, 0, 10, 10, 0, 0}});
  CHECK(some[0] == doctest::Approx(0.3));
  CHECK(some[1] == doctest::Approx(1));
  CHECK(some[2] == 0);
}

TEST_CASE("what falls to a box that is left out counts neither for nor against; without boxes there is no figure") {
  const std::vector<std::vector<float>> there{{0, 0, 10, 10, 0, 0}, {20, 20, 30, 30, 0, BoxRow::left_out}};
  CHECK(one_image({{20, 20, 30, 30, 0, 0.9f}, {0, 0, 10, 10, 0, 0.8f}}, there)[0] == doctest::Approx(1));
  // A second one on it is wrong, where a crowd would take it too.
  CHECK(one_image({{20, 20, 30, 30, 0, 0.9f}, {20, 20, 30, 30, 0, 0.85f}, {0, 0, 10, 10, 0, 0.8f}}, there)[0] ==
        doctest::Approx(0.5));
  CHECK(std::isnan(one_image({{0, 0, 1, 1, 0, 0.5f}}, {{0, 0, 1, 1, 0, BoxRow::crowd}})[0]));
  CHECK(std::isnan(one_image({}, {})[0]));
}

TEST_CASE("each class's precision is in a table") {
  MeasuredMetric metric = metric_of(1, 4, 4, {"cat", "dog", "owl"});
  metric.add(padded_rows({{{0, 0, 10, 10, 1, 0.9f}}}, 4), padded_rows({{{0, 0, 10, 10, 1, 0}, {0, 0, 5, 5, 2, 0}}}, 4));
  const MetricTable table = *metric.metric->table(metric.kept);
  CHECK(table.rows == std::vector<std::string>{"dog", "owl"});
  const std::vector<double> expected{1, 1, 1, 1, 1, 0, 0, 0};
  REQUIRE(table.values.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(table.values[i] == doctest::Approx(expected[i]));
}
