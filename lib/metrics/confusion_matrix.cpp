// Confusion matrix: how many targets of each class (rows) are taken for each (columns)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct ConfusionMatrix final : ConfusionMetric {
  std::string normalize = "none";

  void describe_keys(Schema& s) override {
    s.summary("a table: how many targets of each class, a row, are taken for each, a column");
    s.details("It is no figure: 'eval' shows it, and a run keeps that of its last validation in tables/.");
    s.also_known_as({"confusion", "ConfusionMatrix"});
    s.optional("normalize", normalize, "true: shares of the row; pred: of the column; all: of all")
        .one_of({"none", "true", "pred", "all"})
        .positional();
    rule.describe(s);
    s.example("confusion_matrix");
    s.example("confusion_matrix: {normalize: all}");
  }
  std::vector<std::string> names() const override { return {}; }
  std::vector<double> figures(const Kept&) const override { return {}; }
  std::optional<MetricTable> table(const Kept& kept) const override {
    const ConfusionCounts c(kept);
    MetricTable table{.columns = {"target"}, .rows = classes};
    table.columns.insert(table.columns.end(), classes.begin(), classes.end());
    for (size_t t = 0; t < c.classes; ++t)
      for (size_t d = 0; d < c.classes; ++d) {
        const double whole = normalize == "true" ? c.actual[t] : normalize == "pred" ? c.predicted[d] : c.all;
        table.values.push_back(normalize == "none" ? c.at(t, d) : whole > 0 ? c.at(t, d) / whole : 0);
      }
    return table;
  }
};
DL_METRIC(ConfusionMatrix, "confusion_matrix");

}  // namespace
}  // namespace dl
