// Explained variance: 1 - var(y - x) / var(y)
// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct ExplainedVariance final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("share of the targets' variance that the predictions explain, a constant error aside");
    s.details(
        "Of several numbers a sample, the mean over them. Of targets that do not vary 1 where the error does not "
        "either, else 0.");
    s.also_known_as({"ExplainedVariance", "explained_variance_score"});
    s.example("explained_variance");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    std::vector<double> missed;
    for (size_t i = 0; i < y.size(); ++i) missed.push_back(y[i] - x[i]);
    const double left = variance(missed), all = variance(y);
    return all > 0 ? 1 - left / all : left == 0 ? 1 : 0;
  }

 private:
  static double variance(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double sum = 0;
    for (const double v : values) sum += (v - mean) * (v - mean);
    return sum / n;
  }
};
DL_METRIC(ExplainedVariance, "explained_variance");

}  // namespace
}  // namespace dl
