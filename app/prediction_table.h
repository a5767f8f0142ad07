// Predictions as a Parquet table (docs/file-formats.md): a row a sample, or one for each position of a sequence or an
// image.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "app/prediction_lines.h"
#include "lib/data/table/parquet_writer.h"

namespace dl {

class PredictionTable {
 public:
  // With `numbered` inputs are the samples' numbers, else texts.
  PredictionTable(const Plan& plan, const PredictionLines::Options& options, bool numbered,
                  ParquetWriter::Append append);
  void add(const std::string& input, const std::string& place, const Prediction& prediction);
  void finish() { writer_.finish(); }

 private:
  std::vector<ParquetWriter::Column> columns() const;
  void add_target(const Prediction& prediction, size_t position);

  const Verdicts verdicts_;
  const PredictionLines::Options options_;
  const bool numbered_;
  std::vector<int64_t> places_;  // sizes of the positions; none where there is one
  int64_t outputs_ = 1;
  bool target_is_class_ = false;
  int64_t targets_ = 1;  // of each position; several are a list
  ParquetWriter writer_;
};

}  // namespace dl
