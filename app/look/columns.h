// The columns of a table nobody described.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/data/table/csv_text.h"

namespace dl {

struct ColumnLook {
  std::string name;
  int64_t index = 0, rows = 0, missing = 0;
  int64_t numbers = 0, whole = 0, dates = 0;  // cells that are numbers, whole ones among them, and dates
  double least = 0, most = 0, mean = 0;       // of the numbers
  bool counts_up = false;                     // the numbers are 0, 1, 2, … or from 1 on
  // What the cells are, with how often each is there; only the first 5,000 different ones.
  std::map<std::string, int64_t> kinds;
  int64_t different = 0;  // more than 5,000 are 5,001

  int64_t present() const { return rows - missing; }
  bool is_numeric() const { return present() > 0 && numbers == present(); }
  bool is_whole() const { return is_numeric() && whole == numbers; }
};

std::vector<ColumnLook> columns_of(const CsvText& text, const std::vector<std::string>& names);

// Why a column tells nothing of a row that holds for others; empty where it may.
std::string why_ignored(const ColumnLook& column);

// The column that is likely to be the one to predict.
size_t guessed_target(const std::vector<ColumnLook>& columns, bool has_header);

// Whether a target's values are classes: words, or few whole numbers.
bool is_class_target(const ColumnLook& column);

}  // namespace dl
