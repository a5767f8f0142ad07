// The loss and the metrics over a whole data set, without training.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/loader.h"
#include "lib/train/kept/observer.h"
#include "lib/train/plan/objectives.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/batch_programs.h"
#include "lib/train/programs/measures.h"
#include "lib/train/programs/programs.h"

namespace dl {

class Evaluator {
 public:
  // `part` is the set's name in figures: "val" makes "val/loss".
  Evaluator(const Plan& plan, Programs& programs, Store& store, DatasetPointer data, std::string part);

  int64_t samples() const { return samples_; }
  // Over the first `batches` batches; 0: over all. Nothing where `stop` became true on the way. Where the loss ignores
  // every target, an Error(Exit::data). `seen` is told the number of samples after each batch; `each` is shown every
  // batch and the program that ran it, which then has the output "prediction" too.
  using Seen = std::function<void(int64_t samples)>;
  using Watch = std::function<void(const Program& program, const Batch& batch)>;
  std::optional<std::vector<Measured>> run(const std::atomic<bool>* stop = nullptr, int64_t batches = 0,
                                           const Seen& seen = {}, const Watch& each = {});
  // Of the last run.
  std::vector<MetricTable> tables() const { return objectives_.tables(measures_); }

 private:
  const Objectives& objectives_;
  Programs& programs_;
  int64_t samples_;
  BatchPrograms evaluations_, examinations_;
  Loader loader_;
  Tally tally_;
  Measures measures_;
  std::string part_;
};

}  // namespace dl
