// One column of a table in the rows that it is fitted to: its cells as numbers, and as categories.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "lib/data/table/table.h"

namespace dl {

// The cells of a column as numbers of one form.
struct ColumnNumbers {
  NumberForm form;
  std::vector<double> values;       // of the cells that are numbers
  int64_t others = 0;               // cells that are there and no numbers
  std::vector<int64_t> other_rows;  // of them the first
  bool are_all() const { return others == 0 && !values.empty(); }
  bool are_most() const;  // as in a column that is meant to be one of numbers
};

struct TableColumn {
  const TableParts& parts;
  int64_t index;
  std::string strip;
  std::span<const int64_t> rows;

  std::string_view text(int64_t row) const;
  const std::string& name() const { return parts.names[static_cast<size_t>(index)]; }

  // In the form in which the most cells are numbers; the first of several.
  ColumnNumbers numbers() const;
  // How often each category is there: numbers by their value before all others, those by their bytes.
  std::vector<std::pair<std::string, int64_t>> categories() const;

 private:
  ColumnNumbers numbers_of(const NumberForm& form) const;
};

}  // namespace dl
