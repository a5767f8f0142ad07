// The loop: batches into the step's program, schedule, validation, logs, checkpoints, stopping and resuming.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/plan/plan.h"

namespace dl {

struct TrainerOptions {
  RunFolder* folder = nullptr;  // for checkpoints and logs
  // Makes that folder where none is given: called when the first step can be taken, all memory being there and all
  // programs compiled. Should that step fail, the folder is removed again. Neither: nothing is kept (fast_dev_run).
  std::function<RunFolder*()> make_folder;
  std::vector<Observer*> observers;
  // Set by a signal handler: the step in progress is finished, a checkpoint is written, and fit() returns.
  const std::atomic<bool>* stop = nullptr;
};

class Trainer {
 public:
  // `plan` must outlive the trainer.
  Trainer(Plan& plan, TrainerOptions options);
  ~Trainer();

  // Before fit(): goes on from a checkpoint of the same model, data and seed, to the same bits as if the run had never
  // stopped. The run's logs are cut back to that step, and its later checkpoints removed. One of another model,
  // optimizer or seed is an Error(Exit::usage), one of other data an Error(Exit::data).
  void resume(const Checkpoint& checkpoint);

  // What observers are told when the run starts.
  RunStarted about() const;
  // After resume(): how the run ended, where there is nothing left to train.
  std::optional<RunFinished> already_finished();

  // Trains to the end or to a stop; the exit is done, diverged, interrupted or time_limit. A checkpoint that cannot be
  // written is a warning, but the last one's failure, and a folder that was moved or removed, is thrown:
  // Error(Exit::io). One that cannot be removed is a warning. A stop before the first step saves step 0.
  RunFinished fit();

  Store& store();  // weights and optimizer state as they are

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
