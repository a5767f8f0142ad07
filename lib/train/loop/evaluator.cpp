// One pass over a set in order.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/evaluator.h"

#include "lib/train/plan/loading.h"

namespace dl {

Evaluator::Evaluator(const Plan& plan, Programs& programs, Store& store, DatasetPointer data, std::string part)
    : objectives_(plan.objectives),
      programs_(programs),
      samples_(data->size()),
      evaluations_([&programs](const BatchType& batch) -> Program& { return programs.evaluate(batch); }, *data),
      examinations_([&programs](const BatchType& batch) -> Program& { return programs.examine(batch); }, *data),
      loader_(data, evaluation_loading(plan, *data, part)),
      tally_(store, false),
      part_(std::move(part)) {}

std::optional<std::vector<Measured>> Evaluator::run(const std::atomic<bool>* stop, int64_t batches, const Seen& seen,
                                                    const Watch& each) {
  if (batches == 0) batches = loader_.per_epoch();
  tally_.clear(programs_.measures());
  programs_.forget_carried(false);
  loader_.seek({});
  int64_t samples = 0;
  for (int64_t i = 0; i < batches; ++i) {
    if (stop && stop->load(std::memory_order_relaxed)) return {};
    const Batch& batch = loader_.next();
    BatchProgram& fed = (each ? examinations_ : evaluations_).of(*batch.type);
    fed.feed(batch, i);
    Program& program = fed.program();
    program.run();
    tally_.after(program, programs_.measures());
    if (each) each(program, batch);
    samples += batch.count;
    if (seen) seen(samples);
  }
  measures_ = tally_.take(programs_.measures());
  return objectives_.measured_whole(measures_, part_);
}

}  // namespace dl
