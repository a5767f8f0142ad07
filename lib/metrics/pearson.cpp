// Pearson's correlation of predictions and targets: cov(x, y) / (std(x) std(y))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct Pearson final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("linear correlation of predictions and targets");
    s.details("Of several numbers a sample, the mean over them. No figure where one of both does not vary.");
    s.also_known_as({"PearsonCorrCoef", "pearsonr", "correlation"});
    s.example("pearson");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override { return correlation(x, y); }
};
DL_METRIC(Pearson, "pearson");

}  // namespace
}  // namespace dl
