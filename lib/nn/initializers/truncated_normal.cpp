// Normal numbers of which those outside of [low, high] are drawn again, as trunc_normal_ of PyTorch has them.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct TruncatedNormalInit final : Initializer {
  double std = 1, mean = 0;
  std::optional<double> a, b;

  void describe(Schema& s) override {
    s.summary("normal, but for what lies outside of [a, b], which is drawn again");
    s.details("Without a and b they are two standard deviations around the mean, as in Keras; PyTorch's are -2 and 2.");
    s.also_known_as({"trunc_normal_", "trunc_normal", "TruncatedNormal"});
    s.required("std", std, "standard deviation of the normal numbers").above(0).positional().known_as({"stddev"});
    s.optional("mean", mean, "their mean");
    s.optional("a", a, "the lower bound");
    s.optional("b", b, "the upper bound");
    s.example("truncated_normal: 0.02");
    s.example("truncated_normal: {std: 1, a: -2, b: 2}");
    s.check([this](const Report& report) {
      const double low = a.value_or(mean - 2 * std), high = b.value_or(mean + 2 * std);
      if (high <= low)
        report.at("b", concat("expected a number above a (", low, "), got ", high));
      else if (high < mean - 4 * std || low > mean + 4 * std)
        report("expected a and b within four standard deviations of the mean", "move them nearer to it");
    });
  }

  void fill(std::span<float> values, const Shape&, uint64_t key, int64_t begin) const override {
    fill_truncated_normal(
        values, {.mean = mean, .std = std, .low = a.value_or(mean - 2 * std), .high = b.value_or(mean + 2 * std)}, key,
        begin);
  }
};
DL_INITIALIZER(TruncatedNormalInit, "truncated_normal");

}  // namespace
}  // namespace dl
