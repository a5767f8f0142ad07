// Tables: columns of text made numbers by what is fitted to the training part.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/column_curve.h"
#include "lib/data/table/column_summary.h"
#include "lib/data/table/table_text.h"
#include "lib/spec/one_or_more.h"
#include "lib/spec/schema.h"

namespace dl {

// What a spec says of one column; what it leaves out is the table's.
struct ColumnSpec {
  std::optional<std::string> type, normalize, impute, as, order;
  Node fill;
  std::string strip;
  // Whether it says no more of a column than that it is the target, or no input.
  bool says_target_alone() const {
    return (type == "target" || type == "ignore") && !normalize && !impute && !as && fill.is_null() && strip.empty();
  }
  void describe(Schema& s);
};

struct TargetSpec {
  OneOrMore<std::string> column;  // several are numbers
  std::optional<std::string> as;
  std::string normalize = "standard", strip;
  void describe(Schema& s);
};

struct TableSpec {
  TargetSpec target;
  std::map<std::string, ColumnSpec> columns;
  std::optional<std::vector<std::string>> missing;
  std::optional<std::string> decimal, thousands;
  std::string normalize = "standard", impute = "mean";
  int64_t min_count = 1;
  void describe(Schema& s);  // its keys among those of a reader
  static std::vector<std::string> keys_of_fit() { return {"columns", "target", "normalize", "impute", "min_count"}; }
};

// What was fitted to the training part: all that is needed to make samples of other rows. It is kept in the resolved
// config, as `data.fitted`.
struct FittedColumn {
  std::string name, kind;                // numeric, one_hot, index; of a target class, value; group
  std::string strip;                     // characters that are taken off a cell's end
  std::string decimal = ".", thousands;  // as in its numbers
  bool percent = false;
  std::optional<std::string> date;  // of a column of dates: their order, "ymd"
  std::string part = "days";        // which part of them it is
  // numeric and value: y = (f(x) - shift) / scale, f(x) = sign(x) log(1 + |x|) where `log`, else x
  // and where `curve` says so f(x) is that of lib/data/table/column_curve.h
  bool log = false;
  ColumnCurve curve;
  double shift = 0, scale = 1;
  std::optional<std::string> fill;      // what stands for a missing cell
  std::vector<std::string> categories;  // sorted, numbers by their value; or as the classes were named
  bool missing_category = false;        // missing cells are a category of their own, behind the others
  void describe(Schema& s);
  NumberForm form() const;
  double curved(double x) const;
  bool is_curved() const { return log || !curve.is_none(); }
  bool is_number() const { return kind == "numeric" || kind == "value"; }
  bool is_further_part() const { return date && part != "days"; }  // of a column that stands before it
  bool is_target() const {
    return kind == "class" || kind == "value" || kind == "group";
  }  // losses and metrics read it
  int64_t category_count() const { return static_cast<int64_t>(categories.size()) + missing_category; }
};

struct FittedTable {
  std::vector<std::string> names;     // of all the training table's columns, in order; empty: not known
  std::vector<FittedColumn> columns;  // of the input, in order, and behind them further targets
  OneOrMore<FittedColumn> target;
  void describe(Schema& s);
};

// Sets of rows that were cells: what these are, column by column, the target last.
class Tabular {
 public:
  virtual ~Tabular() = default;
  virtual std::vector<ColumnSummary> columns() const = 0;
};

// A table as it was read: its Fittable makes samples of it. "x" is f32 [features]: in the columns'
// order a number for each numeric one, and for each categorical one as many as it has categories, 1 at its own; all are
// 0 for a category that was not seen in training. A column `as: index` is an input of its own, i32 [], under its name:
// 0 for a category that was not seen, then the categories from 1 on. "y" is a class, i32 [], or a number, f32 []; of
// several targets their numbers, f32 [targets]. A further target is a class or a number under its column's name, and so
// is a group, i32 []: rows of a set that are alike in it have one number.
struct TableParts {
  std::shared_ptr<const TableText> text;
  std::shared_ptr<const TableText>
      target;                      // a file of the target's column alone, the last of all; null: it is in `text`
  std::vector<std::string> names;  // of the columns
  TableSpec spec;
  std::vector<std::string> classes;  // in their order; empty: those of the training part, sorted
  bool has_target = true;            // false: rows to predict, without targets
  Where where;                       // of the reader in the spec
  std::vector<Problem> warnings;     // of the file

  std::string_view cell(int64_t row, int64_t column) const {
    return in_target(column) ? target->cell(row, 0) : text->cell(row, column);
  }
  Where cell_where(int64_t row, int64_t column) const {
    return in_target(column) ? target->where(row, 0) : text->where(row, column);
  }
  const KeptColumn* kept(int64_t column) const {
    return in_target(column) ? target->kept(0) : text ? text->kept(column) : nullptr;
  }
  bool in_target(int64_t column) const { return target && column == std::ssize(names) - 1; }
  uint64_t xxh64() const;  // of the files' text
};
// A table without the target, where it has one, is an Error(Exit::usage).
DatasetPointer make_table(TableParts parts);
// The samples that such a fit makes, but none of them.
DatasetPointer table_without_rows(const Node& fit);
// Of the samples that a fit made of a table; empty for other sets.
std::vector<ColumnSummary> table_columns(const Dataset& data);

}  // namespace dl
