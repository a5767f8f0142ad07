// Largest error: max |x - y|
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct MaxError final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("largest absolute difference from the target");
    s.details("Of several numbers a sample, the mean over them.");
    s.also_known_as({"MaxError", "max_absolute_error"});
    s.example("max_error");
  }
  bool higher_is_better() const override { return false; }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    double largest = 0;
    for (size_t i = 0; i < y.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
    return largest;
  }
};
DL_METRIC(MaxError, "max_error");

}  // namespace
}  // namespace dl
