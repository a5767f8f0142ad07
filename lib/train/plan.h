// A config opened and checked: after this only the machine can fail.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/data_spec.h"
#include "lib/nn/network.h"
#include "lib/spec/load.h"
#include "lib/train/programs.h"
#include "lib/train/run_spec.h"

namespace dl {

struct Plan {
  std::string name;           // the config's `name`, or its file's stem
  LoadedSpec spec;            // files, values with their places, origins
  RunSpec run;                // the same as typed structs
  DataSets data;              // described from headers; samples are read when a loader asks
  std::unique_ptr<Network> network;
  std::vector<std::string> metric_names;  // "accuracy", one a metric, unique

  std::string resolved() const;  // every key with its value, as YAML that load_spec takes
  Recipe recipe() const;         // for Programs; refers to this plan
  DeviceOptions device_options() const;
  int64_t train_samples() const;
  int64_t steps_per_epoch() const;  // optimizer updates
  int64_t total_steps() const;      // by max_epochs and max_steps; 0: no planned end
};

// Reads the config and checks all of it: keys and values, data files (their headers), the network's shapes, the loss
// against them, the metrics' names. Everything found is thrown as one Error(Exit::usage).
std::unique_ptr<Plan> plan_run(const std::filesystem::path& config, const std::vector<std::string>& sets);

// The plan of a run or checkpoint from its resolved.yaml; `sets` change keys as on the command line.
std::unique_ptr<Plan> plan_from(const std::filesystem::path& resolved, const std::vector<std::string>& sets);

}  // namespace dl
