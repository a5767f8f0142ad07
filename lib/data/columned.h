// Sets whose samples have columns that may say which belong together or come one after another.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dl {

// One a sample.
struct ColumnCells {
  std::vector<std::string> texts;
  std::vector<bool> missing;    // whether it stands for no value
  std::vector<double> numbers;  // empty unless all cells are numbers
};

class Columned {
 public:
  virtual ~Columned() = default;
  // Error(Exit::usage) where there is no such column.
  virtual ColumnCells cells(const std::string& column) const = 0;
};

}  // namespace dl
