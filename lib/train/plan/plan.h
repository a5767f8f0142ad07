// A config opened and checked: after this only the machine can fail.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/nn/network.h"
#include "lib/nn/parameter_groups.h"
#include "lib/spec/load.h"
#include "lib/spec/node.h"
#include "lib/train/kept/initial_weights.h"
#include "lib/train/plan/objectives.h"
#include "lib/train/plan/run_spec.h"
#include "lib/train/programs/programs.h"

namespace dl {

struct Plan {
  std::string name;    // of the run's folder, without its number
  std::string config;  // the files it was read from, for people
  Node spec;           // every value with its place; explain() in lib/spec/load.h reads it
  RunSpec run;
  DataSets data;                 // headers are read, samples are not
  std::vector<ModelItem> items;  // that the network is made of
  std::unique_ptr<Network> network;
  ParameterGroups groups;
  std::unique_ptr<UpdateRule> clip;  // by trainer.gradient_clip_val; else null
  std::vector<Problem> warnings;     // of what can be trained but is likely not meant
  InitialWeights initial;            // what of init_from's file is taken
  Objectives objectives;

  uint64_t seed() const { return static_cast<uint64_t>(run.seed); }
  std::filesystem::path folder() const { return *run.folder; }  // where relative names start
  // Every key with its value: YAML that plan_run takes, from any folder. More than it would take is an
  // Error(Exit::usage).
  std::string resolved() const;
  Node resolved_node() const;
  Explanation explain(const std::string& key) const;

  int threads() const;                  // that compute
  Recipe recipe() const;                // refers to this plan
  std::vector<Update> updates() const;  // of each step, one a turn, by the optimizers' chains and the trainer's keys
  bool averages_weights() const;        // whether an average of the weights that are trained is validated and used
  std::filesystem::path initial_weights() const;  // init_from's file; empty where there is none
  // Of what predictions are made of, of these as the loss tells them, and of the targets beside them: types of a
  // sample.
  Type predicted_output() const { return network->output(objectives.predicted_output()); }
  Type prediction() const;
  Type predicted_target() const;
  // The training set's that the predictions are compared with; null where there is none.
  const SampleField* predicted_field() const;
  // From now on predictions are of that item of the model; Error(Exit::usage) where there is none.
  void predict(const std::string& item);
  DeviceOptions device_options() const {
    return {.threads = run.trainer.threads, .blas = run.trainer.blas, .tf32 = run.trainer.matmul_precision == "high"};
  }
  std::vector<std::string> figures() const;  // "train/loss", …: all that are measured
  // Whether a figure that goes up gets better; true for a metric that says so, false for losses.
  bool higher_is_better(const std::string& figure) const;

  int64_t largest_batch() const;  // samples: as many as data.batch_size says, or as there are
  int64_t batches_per_epoch() const;
  int64_t steps_per_epoch() const;        // optimizer updates
  int64_t total_steps() const;            // by max_epochs and max_steps; 0: no planned end
  Progress progress(int64_t step) const;  // for schedules
  std::vector<Frozen> frozen() const;     // as the run's config says it
};

// Reads the config, one of those that come with the program where there is no such file (shared_file()), and checks all
// of it: keys and values, the data's headers, every layer's shapes, init_from, the loss and the metrics against the
// network's output, the names of figures. All that is found is thrown as one Error: of Exit::usage where the config is
// to be mended, of Exit::data or Exit::io where only files that it names are.
std::unique_ptr<Plan> plan_run(const std::filesystem::path& config, const std::vector<std::string>& sets);

// Of a resolved config, which holds what was fitted to the data.
constexpr YamlLimits resolved_limits{.bytes = 16 << 20, .nodes = 2'000'000};

// The plan of a run from its own or a checkpoint's resolved.yaml, for weights that are there: init_from is not read, of
// the data only what is to be read.
std::unique_ptr<Plan> plan_from(const std::filesystem::path& resolved, const std::vector<std::string>& sets,
                                const SetsToRead& read = {});

// The name of a config's runs; nothing of it is checked.
std::string run_name(const std::filesystem::path& config);

}  // namespace dl
