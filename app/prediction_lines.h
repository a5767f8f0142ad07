// Predictions as lines of CSV or of JSON (docs/file-formats.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "app/verdict.h"

namespace dl {

// Of predictions of each place of a sequence or an image, the places' sizes: [length] or [height, width]; none where
// there is one.
std::vector<int64_t> sizes_of_positions(const Plan& plan);
// So many targets belong to each place; where they are not told by places, 1.
int64_t targets_a_position(const Plan& plan);

class PredictionLines {
 public:
  struct Options {
    bool csv = true;
    bool all = false;      // the probability of every class
    bool targets = false;  // the samples have them
    bool places = false;   // the samples have them
  };
  PredictionLines(const Plan& plan, const Options& options);

  std::string header() const;  // of CSV; empty for JSON
  // One line; of CSV one for each position of a sequence or an image.
  std::string lines(const std::string& input, const std::string& place, const Prediction& prediction) const;

 private:
  bool shows_outputs() const { return options_.all || !verdicts_.of_classes(); }
  std::string output_name(int64_t index) const;
  std::string value_name(int64_t index) const;  // of several values: a column's, or a label's, else its number
  std::string csv_line(const std::string& input, const std::string& place, const Prediction& p, int64_t position) const;
  std::string json(const std::string& input, const std::string& place, const Prediction& p) const;

  const Verdicts verdicts_;
  const Options options_;
  int64_t outputs_;                       // columns: classes, or values
  std::vector<int64_t> places_;           // sizes of the positions
  int64_t targets_ = 1;                   // of each position
  std::vector<std::string> value_names_;  // empty: they have none
  std::vector<std::string> target_names_;
};

}  // namespace dl
