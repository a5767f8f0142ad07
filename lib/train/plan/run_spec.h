// A whole config as typed values.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/graph/passes.h"
#include "lib/nn/frozen.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/nn/schedule.h"
#include "lib/nn/turn.h"
#include "lib/nn/update_chain.h"
#include "lib/nn/weighted_losses.h"
#include "lib/spec/node.h"
#include "lib/spec/one_or_more.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"
#include "lib/spec/units.h"
#include "lib/train/plan/controller.h"
#include "lib/train/plan/device_name.h"

namespace dl {

struct CheckpointSpec {
  std::optional<Duration> every;  // unset: every epoch, and every ten minutes
  int64_t keep = 3;
  std::optional<std::string> best;  // the figure whose best checkpoint is kept too
  std::optional<std::string> mode;  // unset: as is better for the figure
  Where where;
  void describe(Schema& s);

  std::vector<Duration> intervals() const;  // one is written whenever one of them has passed
};

// What is written for TensorBoard.
struct TensorBoardSpec {
  bool on = true;
  std::optional<Duration> histograms;  // how often the weights' are written; unset: never
  bool gradients = false;              // those of their gradients with them
  int64_t images = 0;                  // of training, shown when the run begins
  Where where;
  void describe(Schema& s);
};

// Keys and meanings are those of Lightning's Trainer.
struct TrainerSpec {
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> max_steps;
  std::optional<Duration> max_time;
  DeviceName device;
  int threads = 0;
  std::string blas = "own";
  std::string precision = "32-true";
  std::string matmul_precision = "highest";
  std::optional<Bytes> memory_limit;
  std::optional<double> gradient_clip_val;
  std::string gradient_clip_algorithm = "norm";
  int64_t accumulate_grad_batches = 1;
  std::optional<int64_t> check_val_every_n_epoch;
  std::optional<Duration> val_check_interval;
  int64_t log_every_n_steps = 50;
  bool fast_dev_run = false;
  bool detect_anomaly = false;
  Keyed<UpdateRule> ema{"ema", nullptr};
  CheckpointSpec checkpoint;
  std::optional<TensorBoardSpec> tensorboard;
  std::vector<Keyed<Controller>> controllers = every_controller();  // one for each that there is
  Where where;
  void describe(Schema& s);

  static std::vector<Keyed<Controller>> every_controller();
  Precision numbers() const;  // as `precision` names them
  // How often validation runs: by whichever of the two keys is given, else once an epoch.
  Duration validation_interval() const;
};

struct InitFromSpec {
  std::string path;
  std::optional<std::string> key;             // a dict of the file
  std::string missing = "error";              // or "fresh"
  std::vector<std::string> ignore, only;      // patterns of the file's tensors
  std::map<std::string, std::string> rename;  // the model's names by the file's
  Where where;
  void describe(Schema& s);
};

struct RunSpec {
  std::optional<std::string> name;    // unset: the config's file name without .yaml
  std::optional<std::string> folder;  // where relative file names start; unset: the config's folder
  int64_t seed = 0;
  DataSpec data;
  Node variables;      // a map of values for ${variables.NAME}, or null
  Node blocks, model;  // read by lib/spec/blocks.h
  std::optional<InitFromSpec> init_from;
  OneOrMore<FreezeSpec> freeze;
  std::unique_ptr<Loss> loss;  // null: `losses`, or those of `turns`
  WeightedLosses losses;
  std::vector<Turn> turns;  // none: a step is one update, of all parameters
  std::vector<std::unique_ptr<Metric>> metrics;
  UpdateChain optimizer;
  std::unique_ptr<LRSchedule> schedule;  // null: the learning rate stays
  TrainerSpec trainer;
  void describe(Schema& s);
  void describe_keys(Schema& s);  // alone, without what is said of others

  std::vector<const UpdateChain*> chains() const;  // one a turn; without turns the run's
};

}  // namespace dl
