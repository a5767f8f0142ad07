// A whole config as typed values.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/nn/optimizer.h"
#include "lib/spec/node.h"
#include "lib/spec/schema.h"
#include "lib/spec/units.h"

namespace dl {

struct EarlyStoppingSpec {
  std::string monitor = "val/loss";
  int64_t patience = 3;  // validations without a gain
  double min_delta = 0;
  std::string mode;  // min or max; empty: by what is monitored
  Where where;
  void describe(Schema& s);
};

struct CheckpointSpec {
  Duration every;
  int64_t keep = 3;
  std::string best;  // the figure whose best checkpoint is kept; empty: none
  std::string mode;  // min or max; empty: by what is monitored
  Where where;
  CheckpointSpec();
  void describe(Schema& s);
};

// Names and meanings as Lightning's Trainer.
struct TrainerSpec {
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> max_steps;
  std::optional<Duration> max_time;
  std::string device = "cpu";
  int threads = 0;
  std::string precision = "32-true";
  std::optional<double> gradient_clip_val;
  std::string gradient_clip_algorithm = "norm";
  int64_t accumulate_grad_batches = 1;
  std::optional<int64_t> check_val_every_n_epoch;
  std::optional<Duration> val_check_interval;
  int64_t log_every_n_steps = 50;
  bool fast_dev_run = false;
  std::optional<EarlyStoppingSpec> early_stopping;
  CheckpointSpec checkpoint;
  Where where;
  void describe(Schema& s);
};

struct RunSpec {
  std::string name;
  int64_t seed = 0;
  DataSpec data;
  Node blocks, model;  // read by lib/spec/blocks.h
  std::string init_from;
  std::unique_ptr<Loss> loss;
  std::vector<std::unique_ptr<Metric>> metrics;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<LRSchedule> schedule;
  TrainerSpec trainer;
  void describe(Schema& s);
};

}  // namespace dl
