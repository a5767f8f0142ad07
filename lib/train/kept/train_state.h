// Everything of a run that is not a tensor, at one step: state.json of a checkpoint. docs/file-formats.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "lib/data/batch_order.h"
#include "lib/train/kept/state_values.h"

namespace dl {

struct TrainState {
  int64_t step = 0;           // optimizer updates done
  int64_t micro_batches = 0;  // batches seen, which number the random draws
  int64_t samples = 0;        // seen in all
  int64_t epoch = 0;          // the running one, from 0
  int64_t epoch_batches = 0;  // of it that were seen
  int64_t epoch_samples = 0;
  Cursor cursor;           // of the next batch
  bool boundary = false;   // whether what follows this step (validation, end of an epoch) is still to be done
  double time_s = 0;       // of training
  double validated_s = 0;  // when the last validation ended; 0: there was none

  uint64_t seed = 0;
  int64_t batch_size = 0;
  int64_t total_steps = 0;  // what the schedule was planned for; 0: no planned end
  std::string data;         // the data sets' fingerprint
  std::string arithmetic;   // Device::arithmetic() of the last steps

  std::map<std::string, double> latest;  // last value of each figure

  std::string monitor;  // the figure that chooses the best checkpoint; empty: none is chosen
  std::optional<double> best_value;
  int64_t best_step = -1;
  int64_t former_best_step = -1;                   // by another figure: kept as long as this one has no best
  std::map<std::string, StateValues> controllers;  // by name

  std::map<std::string, uint64_t> log_bytes;  // "metrics.jsonl" → its length at this step

  // Of the best checkpoint that there is; -1: of none.
  int64_t spared_step() const { return best_step >= 0 ? best_step : former_best_step; }

  bool operator==(const TrainState&) const = default;
};

std::string write_state(const TrainState& state);
// `path` is for messages. Text that is no state is an Error(Exit::data); a later version's is an Error(Exit::usage).
TrainState read_state(const std::string& text, const std::filesystem::path& path);

}  // namespace dl
