// Finding what is not finite.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/divergence.h"

#include <cmath>

#include "lib/base/text.h"
#include "lib/train/loop/resident_data.h"

namespace dl {
namespace {

std::string not_finite(double value) { return std::isnan(value) ? "NaN" : value > 0 ? "infinite" : "-infinite"; }

}  // namespace

std::string Divergence::at(int64_t step) const { return concat(what_, " at step ", step); }

void Divergence::put_origin_in(RunFinished& end) const {
  end.bad_input = bad_input_;
  end.bad_layer = bad_layer_;
}

void Divergence::of_step(double loss, double gradient_norm) {
  if (!std::isfinite(loss))
    what_ = "the loss became " + not_finite(loss);
  else if (!std::isfinite(gradient_norm))
    what_ = "the gradients became " + not_finite(gradient_norm);
}

void Divergence::of_validation(double loss) {
  if (!std::isfinite(loss)) what_ = "val/loss became " + not_finite(loss);
}

void Divergence::of_weights(const Problem& problem) { what_ = concat(problem.path, " ", problem.what); }

void Divergence::look_closer(double sum, const Cursor& batch, BatchesAhead& batches) {
  if (!bad_input_.empty() || std::isfinite(sum)) return;
  if (bad_layer_.empty()) bad_layer_ = updates_.first_not_finite();
  if (const auto found = plan_.data.rows ? non_finite_samples(plan_, batch) : batches.non_finite(batch))
    bad_input_ = "the data held it: " + *found;
}

}  // namespace dl
