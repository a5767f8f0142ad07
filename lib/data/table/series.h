// Series: rows of numbers that come one after another in time, and windows of them as a data set.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/dataset.h"
#include "lib/spec/node.h"

namespace dl {

// Rows [first, first + (count - 1) stride + length + horizon) of a table.
struct SeriesWindows {
  int64_t length = 0, horizon = 0, stride = 1;
  int64_t first = 0;  // row of the first window's input
  int64_t count = 0;
  bool has_target = true;
  bool centred = false;  // columns are normalized so that their mean is 0
  int64_t row(int64_t window) const { return first + window * stride; }
};

// A table of numbers, as they stand in the file.
struct SeriesRows {
  std::filesystem::path path;
  uint64_t hash = 0;
  int64_t rows = 0;
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;  // [names, rows]
  std::vector<int> lines;                    // of the rows in the file
  std::vector<Problem> warnings;
};

// What is predicted of a series out of what, and how its columns are normalized: standard, minmax, none.
struct SeriesColumns {
  std::vector<std::string> inputs, targets;
  std::string normalize;
};

// The windows as samples: "x" is f32 [length, inputs]; "y" what follows, f32 [horizon, targets], without a dimension of
// one. A column is fitted to the rows of the training windows.
DatasetPointer series(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, SeriesColumns columns);
// All windows by what was fitted; null rows: no samples, but their fields. A column that the rows lack is an
// Error(Exit::data).
DatasetPointer series_by_fit(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, const Node& fit);

}  // namespace dl
