// What became of a run whose numbers are no longer finite: what it was that is not, and where it came from.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/base/error.h"
#include "lib/train/kept/observer.h"
#include "lib/train/loop/batches_ahead.h"
#include "lib/train/loop/updates.h"
#include "lib/train/plan/plan.h"

namespace dl {

class Divergence {
 public:
  Divergence(const Plan& plan, const Updates& updates) : plan_(plan), updates_(updates) {}

  bool found() const { return !what_.empty(); }
  std::string at(int64_t step) const;          // "the loss became NaN at step 7"
  void put_origin_in(RunFinished& end) const;  // bad_input and bad_layer

  void of_step(double loss, double gradient_norm);
  void of_validation(double loss);
  void of_weights(const Problem& problem);  // that were not saved, Error(Exit::diverged)
  // Where the sum of a batch's figures is not finite: which layer it began in, where layers are watched, and what in
  // the batch was not. Of the first such batch.
  void look_closer(double sum, const Cursor& batch, BatchesAhead& batches);

 private:
  const Plan& plan_;
  const Updates& updates_;
  std::string what_;       // was not finite; empty: nothing
  std::string bad_input_;  // that of the batch that was not finite; empty: it was
  std::string bad_layer_;  // Updates::first_not_finite()
};

}  // namespace dl
