// Running the programs of a training step.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/updates.h"

namespace dl {

Updates::Updates(const Plan& plan, Programs& programs, Store& store)
    : programs_(programs),
      accumulates_(plan.run.trainer.accumulate_grad_batches > 1),
      steps_(programs, &Programs::step, *plan.data.train),
      accumulations_(programs, &Programs::accumulate, *plan.data.train),
      tally_(store, true) {}

void Updates::expect(const BatchType& batch) { of_batches().of(batch); }

void Updates::begin(double lr, int64_t number) {
  programs_.begin_update({.lr = lr, .number = static_cast<double>(number)});
  sum_ = count_ = 0;
}

void Updates::launch(Program& program) {
  if (const Slot step = program.input("step")) program.feed(step, std::span(&tick_, 1));
  program.launch();
}

int64_t Updates::run(BatchPrograms& programs, BatchesAhead& batches, int64_t tick) {
  tick_ = static_cast<int32_t>(tick);
  const bool fed = batches.fetched();
  const Batch& batch = batches.next();
  const int64_t count = batch.count;
  BatchProgram& made = programs.of(*batch.type);
  if (!fed) made.feed(batch);
  programs_.draw(made.program(), tick);
  launch(made.program());
  if (const Batch* next = batches.fetch()) programs.of(*next->type).feed(*next);
  made.program().wait();
  const auto targets = static_cast<double>(made.program().scalar("loss/count"));
  sum_ += static_cast<double>(made.program().scalar("loss")) * targets;
  count_ += targets;
  tally_.after(made.program(), programs_.measures());
  if (!accumulates_) gradient_norm_ = made.program().scalar("grad_norm");
  return count;
}

int64_t Updates::step(BatchesAhead& batches, int64_t tick) { return run(steps_, batches, tick); }

int64_t Updates::accumulate(BatchesAhead& batches, int64_t tick) { return run(accumulations_, batches, tick); }

void Updates::finish() {
  Program& update = programs_.update();
  launch(update);
  update.wait();
  gradient_norm_ = update.scalar("grad_norm");
}

}  // namespace dl
