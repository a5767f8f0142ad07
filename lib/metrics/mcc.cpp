// Matthews correlation coefficient of any number of classes (Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006):
// with n targets, h hits, t_k targets and p_k predictions of each class
// (h n - sum t_k p_k) / sqrt((n^2 - sum p_k^2) (n^2 - sum t_k^2)).
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct MatthewsCorrelation final : ConfusionMetric {
  void describe_keys(Schema& s) override {
    s.summary("Matthews correlation coefficient: from -1 to 1, 0 by chance, whatever the classes' sizes");
    s.details("0 where all targets, or all predictions, are of one class, as in scikit-learn.");
    s.also_known_as({"matthews_corrcoef", "MatthewsCorrCoef", "matthews"});
    rule.describe(s);
    s.example("mcc");
  }
  std::vector<double> figures(const Kept& kept) const override {
    const ConfusionCounts c(kept);
    double both = 0, targets = 0, predictions = 0;
    for (size_t k = 0; k < c.classes; ++k) {
      both += c.actual[k] * c.predicted[k];
      targets += c.actual[k] * c.actual[k];
      predictions += c.predicted[k] * c.predicted[k];
    }
    const double below = (c.all * c.all - predictions) * (c.all * c.all - targets);
    return {below > 0 ? (c.hits * c.all - both) / std::sqrt(below) : 0};
  }
};
DL_METRIC(MatthewsCorrelation, "mcc");

}  // namespace
}  // namespace dl
