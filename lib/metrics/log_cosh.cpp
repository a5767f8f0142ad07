// Mean of log(cosh(x - y)) over all targets
// SPDX-License-Identifier: Apache-2.0
#include <numbers>

#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct LogCoshMetric final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the logarithm of the hyperbolic cosine of the difference from the target");
    s.also_known_as({"LogCosh", "LogCoshError", "logcosh"});
    s.example("log_cosh");
  }
  Value of(Value x, Value y) const override {
    const Value d = x - y;
    return d + log_one_plus_exp(-2 * d) - std::numbers::ln2;
  }
};
DL_METRIC(LogCoshMetric, "log_cosh");

}  // namespace
}  // namespace dl
