// What a run tells while it runs. The console, the metric files and the tests listen; the trainer never prints.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/batch_job.h"
#include "lib/base/error.h"
#include "lib/nn/metric.h"
#include "lib/train/kept/initial_weights.h"

namespace dl {

// A figure of a run: "train/loss", "val/accuracy", "lr".
struct Measured {
  std::string name;
  double value = 0;
};

struct RunStarted {
  std::string name;              // of the run: "quickstart-1"
  std::filesystem::path folder;  // empty where nothing is kept (fast_dev_run)
  std::string device;            // "cpu: 2 threads, avx512"
  int64_t parameters = 0;
  int64_t train_samples = 0, val_samples = 0;
  int64_t batch_size = 0, steps_per_epoch = 0;
  int64_t total_steps = 0;  // 0: no planned end
  int64_t max_epochs = 0;   // 0: no limit in epochs
  int64_t step = 0;         // where it begins: above 0 for a resumed run
  int64_t epoch = 0;
  std::vector<std::string> splits;     // that the data have: "train", "val", "test"
  std::filesystem::path resumed_from;  // the checkpoint; empty for a new run
  std::string host;                    // that it runs on
  std::optional<BatchJob> job;         // that it is part of
  int threads = 0;                     // that compute
  std::string monitor;                 // the figure that chooses the best checkpoint; empty: none is chosen
  InitialWeights initial;              // what init_from gave a new run
};

// After each step, for progress bars: cheap, sees every step, and is to return within a microsecond mostly.
struct StepDone {
  int64_t step = 0;     // updates done since the run began, resumed parts included
  int64_t epoch = 0;    // from 0
  int64_t samples = 0;  // of the epoch, seen so far
  double loss = 0;      // of this step
  double lr = 0;        // the learning rate
};

// At every log_every_n_steps steps: means since the last such record.
struct StepRecord {
  int64_t step = 0, epoch = 0;
  double time_s = 0;             // of training, earlier parts of a resumed run included
  std::vector<Measured> values;  // "train/loss", "train/accuracy", "lr", "grad_norm"
  double samples_per_s = 0;
  double input_wait = 0;  // share of the time spent waiting for data, 0 to 1
};

// When a validation begins, and after each of its batches.
struct ValidationProgress {
  int64_t step = 0, epoch = 0;
  int64_t done = 0, samples = 0;  // of the validation set
};

struct ValidationRecord {
  int64_t step = 0, epoch = 0;
  double time_s = 0;
  std::vector<Measured> values;  // "val/loss", "val/accuracy"
  double seconds = 0;            // the validation itself
  bool best = false;             // the monitored metric is the best so far
  std::vector<MetricTable> tables;
};

// Means over a whole epoch.
struct EpochRecord {
  int64_t step = 0;
  int64_t epoch = 0;  // the one that ended, from 0
  double time_s = 0;
  std::vector<Measured> values;  // "train/loss", "train/accuracy", and the latest "val/…"
  double seconds = 0;
};

struct CheckpointSaved {
  int64_t step = 0;
  std::filesystem::path folder;
  int64_t size_bytes = 0;
  double seconds = 0;
  bool best = false;    // this one is the best so far
  std::string monitor;  // the best so far: its figure; empty where none is kept
  double best_value = 0;
  int64_t best_step = -1;  // -1: none
};

struct RunFinished {
  Exit exit = Exit::done;  // done, diverged, interrupted or time_limit
  std::string reason;      // "max_epochs (10) reached", "stopped by a signal", …
  int64_t step = 0, epoch = 0;
  double time_s = 0;
  std::vector<Measured> values;  // the latest of each figure
  std::string monitor;           // "val/accuracy"; empty where no best is kept
  double best_value = 0;
  int64_t best_step = -1;                                  // -1: none
  std::filesystem::path last_checkpoint, best_checkpoint;  // empty: none
  double samples_per_s = 0;                                // over the training steps of this process
  double input_wait = 0;
  double lr = 0;  // of the last step
  // Diverged: what in the data was not finite, empty where nothing was; and where a layer is known in which it began,
  // "in what the layer 'conv1' gives".
  std::string bad_input, bad_layer;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const RunStarted&) {}
  virtual void stepped(const StepDone&) {}
  virtual void logged(const StepRecord&) {}
  virtual void validating(const ValidationProgress&) {}
  virtual void validated(const ValidationRecord&) {}
  virtual void epoch_ended(const EpochRecord&) {}
  virtual void saved(const CheckpointSaved&) {}
  virtual void warned(const std::string& /*text*/) {}  // the run goes on
  virtual void finished(const RunFinished&) {}
};

}  // namespace dl
