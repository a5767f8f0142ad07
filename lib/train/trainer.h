// The loop: batches into the step's program, schedule, validation, logs, checkpoints, stopping and resuming.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "lib/train/checkpoint.h"
#include "lib/train/observer.h"
#include "lib/train/plan.h"
#include "lib/train/run_folder.h"

namespace dl {

struct TrainerOptions {
  // Where checkpoints and logs go; none: nothing is kept (fast_dev_run).
  RunFolder* folder = nullptr;
  std::vector<Observer*> observers;
  // Set by a signal handler: the step in progress is finished, a checkpoint is written, and fit() returns.
  const std::atomic<bool>* stop = nullptr;
};

class Trainer {
 public:
  // Compiles nothing yet; `plan` must outlive the trainer.
  Trainer(const Plan& plan, TrainerOptions options);
  ~Trainer();

  // Goes on from a checkpoint of the same model, data and seed, to the same bits as if the run had never stopped; the
  // folder's logs are cut back to that step. One of another model, optimizer, seed or data is an Error(Exit::usage).
  void resume(const Checkpoint& checkpoint);

  // Trains to the end or a stop; the exit is done, diverged, interrupted or time_limit. Also told to the observers.
  // A checkpoint that cannot be written is a warning, but for the last one: Error(Exit::io).
  RunFinished fit();

  // The weights and optimizer state as they are.
  Store& store();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
