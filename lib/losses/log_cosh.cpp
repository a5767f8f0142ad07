// Logarithm of the hyperbolic cosine, as Keras' LogCosh: the mean over the targets of log(cosh(x - y))
// SPDX-License-Identifier: Apache-2.0
#include <numbers>

#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct LogCosh final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("squared near the target, absolute beyond, smooth everywhere");
    s.also_known_as({"LogCosh", "logcosh"});
    s.example("log_cosh");
  }
  Reads reads() const override { return Reads::numbers; }
  Value each(const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    return d + log_one_plus_exp(-2 * d) - std::numbers::ln2;
  }
};
DL_LOSS(LogCosh, "log_cosh");

}  // namespace
}  // namespace dl
