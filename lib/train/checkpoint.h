// Checkpoints: folders step-00000123/ that are complete or not there. docs/file-formats.md has the format.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/nn/network.h"

namespace dl {

// A sum and what it is to be divided by.
struct Sums {
  double sum = 0, count = 0;
  bool operator==(const Sums&) const = default;
};

// Everything of a run that is not a tensor: state.json.
struct TrainState {
  int64_t step = 0;         // optimizer updates done
  int64_t micro_batches = 0;  // batches seen, which number the random draws
  int64_t epoch = 0;        // the running epoch, from 0
  int64_t epoch_samples = 0;  // samples of it that were seen
  int64_t samples = 0;      // seen in all
  double time_s = 0;        // of training
  uint64_t seed = 0;
  std::string data_fingerprint;
  int64_t batch_size = 0;
  int64_t total_steps = 0;  // what the schedule was planned for; 0: no planned end

  std::map<std::string, Sums> interval, epoch_sums;  // "train/loss", …: since the last record, since the epoch began
  std::map<std::string, double> latest;              // last value of each figure

  std::string monitor;  // of the best checkpoint; empty: none
  std::optional<double> best_value;
  int64_t best_step = -1;
  std::optional<double> stopping_value;  // early stopping: best so far, and validations since
  int64_t stopping_waited = 0;

  std::map<std::string, uint64_t> log_bytes;  // "metrics.jsonl" → its length at this step

  bool operator==(const TrainState&) const = default;
};

std::string state_text(const TrainState& state);
TrainState parse_state(const std::string& text, const std::filesystem::path& path);  // Error(Exit::data)

// A checkpoint whose manifest, sizes and hashes were found right.
struct Checkpoint {
  std::filesystem::path folder;
  TrainState state;
  int64_t size_bytes = 0;
  std::filesystem::path resolved() const { return folder / "resolved.yaml"; }
};

// Writes checkpoints/step-N: all files, then the manifest, each fsynced under a temporary name, then renamed. When it
// returns the checkpoint survives a power cut; when it throws (Error(Exit::io)) nothing of it remains and the others are
// untouched. Weights that are not finite are an Error(Exit::diverged). One of this step that exists already is kept.
Checkpoint save_checkpoint(const std::filesystem::path& checkpoints, const TrainState& state, Store& store,
                           const Network& network, const std::string& resolved);

// Removes all but the newest `keep` and those of the steps in `spare`; each is renamed before it is removed.
void prune_checkpoints(const std::filesystem::path& checkpoints, int64_t keep, const std::vector<int64_t>& spare);
// Removes what a killed process left half written. Only for the holder of the run's lock.
void clean_checkpoints(const std::filesystem::path& checkpoints);

// Steps of the checkpoints there, ascending, complete or not.
std::vector<int64_t> checkpoint_steps(const std::filesystem::path& checkpoints);
std::filesystem::path checkpoint_folder(const std::filesystem::path& checkpoints, int64_t step);

// Verifies everything; Error(Exit::data) names the file and how it differs.
Checkpoint open_checkpoint(const std::filesystem::path& folder);
// The newest that verifies. Those passed over are told in `passed_over`, one line each. None: nullopt.
std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& checkpoints,
                                            std::vector<std::string>& passed_over);
// The checkpoint of a run that `which` names: "last", "best", "step-120", "120" or a folder. Error(Exit::usage) says
// what there is.
Checkpoint find_checkpoint(const std::filesystem::path& checkpoints, const std::string& which,
                           std::vector<std::string>& passed_over);

// Sets the network's tensors in the store from safetensors with the same names and shapes (a checkpoint's weights, or
// init_from). Names and shapes that differ are all told, the first ones by name: Error(exit).
void load_weights(const std::filesystem::path& file, const Network& network, Store& store, Exit exit);
// The problems load_weights would report, from the header alone.
std::vector<Problem> weights_problems(const std::filesystem::path& file, const Network& network);
// Sets the optimizer's state. Error(Exit::usage) where the checkpoint holds another optimizer's.
void load_optimizer(const Checkpoint& checkpoint, const Network& network, Store& store);

}  // namespace dl
