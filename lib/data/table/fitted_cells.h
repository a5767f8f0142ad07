// The cells of a table's rows as what was fitted says: numbers, codes of categories, groups; and what they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/data/table/table_categories.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_column.h"

namespace dl {

class FittedCells {
 public:
  // All must stay. A column that was fitted and that the table has not is an Error(Exit::data), as is a cell that is
  // not what its column has.
  FittedCells(const TableParts& parts, const FittedTable& fitted, RowChoice rows);

  TableColumn column_of(const FittedColumn& column) const;
  static float scaled(const FittedColumn& column, double number);
  static std::optional<double> fill_of(const FittedColumn& column);

  std::vector<float> numbers(const FittedColumn& column) const;  // of each row
  // Each row's category; below 0 where it has none: behind the last one's stands the missing cells', where there is
  // one. What training lacks is told.
  std::vector<int32_t> codes(const FittedColumn& column, std::vector<Problem>& warnings) const;
  static int32_t code_of(const FittedColumn& column, const Categories& categories, const MissingWords& missing,
                         std::string_view text);
  std::vector<int32_t> groups(const FittedColumn& column) const;  // of each row, numbered as they come
  ColumnSummary summary(const FittedColumn& column) const;
  // Of a cell that is no class of the target.
  [[noreturn]] void fail_class(int64_t row, const FittedColumn& target) const;
  // That columns which training did not have are of no use, but for those of the rows' names.
  void doubt_columns(std::vector<Problem>& warnings) const;

 private:
  struct Unknown;
  int64_t index_of(const FittedColumn& column) const;
  Problem doubt_unknown(const FittedColumn& column, const Categories& categories, const Unknown& unknown,
                        int64_t index) const;

  const TableParts& parts_;
  const FittedTable& fitted_;
  const RowChoice rows_;
  std::unordered_map<std::string_view, int64_t> places_;  // of the table's columns
};

}  // namespace dl
