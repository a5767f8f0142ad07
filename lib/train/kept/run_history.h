// What a run measured, read back from its metrics.jsonl. docs/file-formats.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace dl {

// One figure over the run; the three lists are of one length, in the order of the records.
struct Curve {
  std::string figure;  // "val/loss"; means over epochs are "train/loss_epoch"
  std::vector<int64_t> steps;
  std::vector<double> times_s;
  std::vector<double> values;  // NaN where the record has null

  // The place of the best value; of equal ones the first. -1 where no value is finite.
  int64_t best(bool higher_is_better) const;
};

struct RunHistory {
  int64_t step = 0, epoch = 0;  // of the last record; the epoch from 0
  double time_s = 0;
  int64_t damaged_lines = 0;                            // that are no records, and were passed over
  std::vector<Curve> curves;                            // in the order in which they appear
  std::vector<std::pair<int64_t, int64_t>> epoch_ends;  // {step, epochs done by then}, ascending

  const Curve* find(const std::string& figure) const;  // null where it was never measured
  bool empty() const { return curves.empty(); }
};

// A file that is not there is an empty history; so is a last line that does not end. What cannot be read is an Error.
RunHistory read_history(const std::filesystem::path& metrics_jsonl);

}  // namespace dl
