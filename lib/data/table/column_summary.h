// What the cells of a table's column are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dl {

struct ColumnSummary {
  std::string name, kind;  // numeric, date, one_hot, index; of the target class, value; ignored
  int64_t missing = 0;
  double least = 0, most = 0, mean = 0;                // of numbers; of dates the days since 1970
  std::vector<std::pair<std::string, int64_t>> kinds;  // of categories: each with its rows, the most frequent first
};

}  // namespace dl
