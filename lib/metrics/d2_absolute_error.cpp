// D2 of absolute errors, as scikit-learn's d2_absolute_error_score: 1 - sum |y - x| / sum |y - median y|
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct D2AbsoluteError final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("as r2, of absolute errors: 0 for the targets' median, 1 where all are right");
    s.details("Of several numbers a sample, the mean over them. No figure for a single target.");
    s.also_known_as({"d2_absolute_error_score", "d2"});
    s.example("d2_absolute_error");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    if (y.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    const double middle = median(y);
    double missed = 0, all = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      missed += std::abs(y[i] - x[i]);
      all += std::abs(y[i] - middle);
    }
    return all > 0 ? 1 - missed / all : missed == 0 ? 1 : 0;
  }
};
DL_METRIC(D2AbsoluteError, "d2_absolute_error");

}  // namespace
}  // namespace dl
