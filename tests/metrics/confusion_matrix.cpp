// confusion_matrix
// SPDX-License-Identifier: Apache-2.0
#include "tests/error_text.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Of two batches of three.
MetricTable table_of(const std::string& yaml) {
  MeasuredMetric metric(yaml, "cross_entropy", {DType::f32, {3, 2}}, {DType::i32, {3}}, {"cat", "dog"});
  metric.add({2, 1, 0, 1, 0, 1}, {0, 0, 1});
  metric.add({0, 1, 0, 1, 5, 1}, {1, 1, 1});
  CHECK(metric.figures().empty());
  return *metric.metric->table(metric.kept);
}

}  // namespace

TEST_CASE("confusion_matrix has a row for each class, and a column for each that it is taken for") {
  const MetricTable table = table_of("confusion_matrix");
  CHECK(table.columns == std::vector<std::string>{"target", "cat", "dog"});
  CHECK(table.rows == std::vector<std::string>{"cat", "dog"});
  CHECK(table.values == std::vector<double>{1, 1, 1, 3});
}

TEST_CASE("confusion_matrix as shares of rows, of columns and of all") {
  CHECK(table_of("confusion_matrix: {normalize: 'true'}").values == std::vector<double>{0.5, 0.5, 0.25, 0.75});
  CHECK(table_of("confusion_matrix: {normalize: pred}").values == std::vector<double>{0.5, 0.25, 0.5, 0.75});
  CHECK(table_of("confusion_matrix: {normalize: all}").values == std::vector<double>{1.0 / 6, 1.0 / 6, 1.0 / 6, 0.5});
}

TEST_CASE("confusion_matrix refuses labels that may be there together") {
  CHECK(error_text<ShapeError>([&] {
          MeasuredMetric("confusion_matrix", "bce_with_logits", {DType::f32, {2, 3}}, {DType::i32, {2, 3}});
        }) ==
        "expected classes that exclude each other, the targets are 3 labels beside each other; leave it out, or write "
        "'f_beta', 'precision' or 'recall'");
}
