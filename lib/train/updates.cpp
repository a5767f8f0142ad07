// Running the programs of a training step.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/updates.h"

namespace dl {

Updates::Updates(const Plan& plan, Programs& programs)
    : programs_(programs),
      accumulates_(plan.run.trainer.accumulate_grad_batches > 1),
      steps_(programs, &Programs::step, *plan.data.train),
      accumulations_(programs, &Programs::accumulate, *plan.data.train),
      totals_(plan) {}

void Updates::expect(const BatchType& batch) { of_batches().of(batch); }

void Updates::begin(double lr, int64_t number) {
  programs_.begin_update({.lr = lr, .number = static_cast<double>(number)});
  totals_.clear();
}

void Updates::run(Program& program) {
  if (const Slot step = program.input("step")) program.feed(step, std::span(&tick_, 1));
  program.run();
}

const Program& Updates::run(BatchPrograms& programs, const Batch& batch, int64_t tick) {
  tick_ = static_cast<int32_t>(tick);
  BatchProgram& made = programs.of(*batch.type);
  made.feed(batch);
  run(made.program());
  totals_.add(made.program());
  return made.program();
}

void Updates::step(const Batch& batch, int64_t tick) { gradient_norm_ = run(steps_, batch, tick).scalar("grad_norm"); }

void Updates::accumulate(const Batch& batch, int64_t tick) { run(accumulations_, batch, tick); }

void Updates::finish() {
  Program& update = programs_.update();
  run(update);
  gradient_norm_ = update.scalar("grad_norm");
}

}  // namespace dl
