// Running the programs of a training step.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/updates.h"

namespace dl {

Updates::Updates(const Plan& plan, Programs& programs)
    : programs_(programs),
      accumulates_(plan.run.trainer.accumulate_grad_batches > 1),
      inputs_(*plan.data.train),
      totals_(plan) {}

Program& Updates::prepare(Program& program) {
  program.bind("step", &tick_);
  return program;
}

Program& Updates::prepared(Made& made, int64_t batch, Program& (Programs::*make)(int64_t)) {
  Program*& program = made[batch];
  if (!program) program = &prepare((programs_.*make)(batch));
  return *program;
}

void Updates::expect(int64_t batch) {
  if (accumulates_)
    prepared(accumulations_, batch, &Programs::accumulate);
  else
    prepared(steps_, batch, &Programs::step);
}

void Updates::begin(double lr, int64_t number) {
  programs_.begin_update({.lr = lr, .number = static_cast<double>(number)});
  totals_.clear();
}

void Updates::run(Program& program, const Batch& batch, int64_t tick) {
  tick_ = static_cast<int32_t>(tick);
  inputs_.bind(program, batch);
  program.run();
  totals_.add(program);
}

void Updates::step(const Batch& batch, int64_t tick) {
  Program& program = prepared(steps_, batch.count, &Programs::step);
  run(program, batch, tick);
  gradient_norm_ = program.scalar("grad_norm");
}

void Updates::accumulate(const Batch& batch, int64_t tick) {
  run(prepared(accumulations_, batch.count, &Programs::accumulate), batch, tick);
}

void Updates::finish() {
  if (!update_) update_ = &prepare(programs_.update());
  update_->run();
  gradient_norm_ = update_->scalar("grad_norm");
}

}  // namespace dl
