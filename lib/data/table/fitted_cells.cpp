// Reading cells by the forms, categories and curves of the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/fitted_cells.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <unordered_set>
#include <utility>

#include "lib/base/text.h"
#include "lib/data/table/table_fit.h"

namespace dl {
namespace {

constexpr int32_t unknown_code = -2;  // of a category that training lacks

const char* date_example(const FittedColumn& column) {
  return *column.date == "dmy" ? "29.02.2024" : *column.date == "mdy" ? "2/29/2024" : "2024-02-29";
}

}  // namespace

FittedCells::FittedCells(const TableParts& parts, const FittedTable& fitted, RowChoice rows)
    : parts_(parts), fitted_(fitted), rows_(rows) {
  for (size_t i = 0; i < parts_.names.size(); ++i) places_.emplace(parts_.names[i], static_cast<int64_t>(i));
}

TableColumn FittedCells::column_of(const FittedColumn& column) const {
  return {.parts = parts_, .index = index_of(column), .strip = column.strip, .rows = rows_};
}

int64_t FittedCells::index_of(const FittedColumn& column) const {
  const auto found = places_.find(column.name);
  if (found != places_.end()) return found->second;
  std::vector<std::string> strangers;  // that training does not know
  std::ranges::copy_if(parts_.names, std::back_inserter(strangers),
                       [&](const std::string& name) { return std::ranges::count(fitted_.names, name) == 0; });
  const std::string near = closest(column.name, strangers);
  throw Error(
      Exit::data,
      Problem{.where = {.file = parts_.text->path().string()},
              .what = concat("expected a column '", column.name, "' as in the training data, found none"),
              .notes = {"its columns: " + join(parts_.names)},
              .help = near.empty() ? "" : concat("write '", column.name, "' for '", near, "', as in training")});
}

float FittedCells::scaled(const FittedColumn& column, double number) {
  return static_cast<float>((column.curved(number) - column.shift) / column.scale);
}
std::optional<double> FittedCells::fill_of(const FittedColumn& column) {
  return column.fill ? cell_number(*column.fill) : std::nullopt;
}

std::vector<float> FittedCells::numbers(const FittedColumn& column) const {
  const MissingWords missing(parts_.spec, true);
  const auto fill = fill_of(column);
  const TableColumn cells = column_of(column);
  const std::string help =
      column.kind == "value" ? "take the row out"
      : column.date          ? concat("write it as in training, such as ", date_example(column), "; or ", missing_help)
                             : missing_help;
  std::vector<float> values;
  values.reserve(static_cast<size_t>(rows_.size()));
  cells.each(
      column.form(),
      [&](std::string_view text) { return missing.contains(text) ? fill : cell_number(text, column.form()); },
      [](double number) { return std::optional(number); },
      [&](int64_t row, const std::optional<double>& number) {
        if (!number) fail_cell(parts_, row, cells.index, column.date ? "a date" : "a number", cells.text(row), help);
        values.push_back(scaled(column, *number));
        if (!std::isfinite(values.back())) fail_cell(parts_, row, cells.index, float_expected, cells.text(row), help);
      });
  return values;
}

ColumnSummary FittedCells::summary(const FittedColumn& column) const {
  const MissingWords missing(parts_.spec, column.is_number());
  ColumnSummary summary{.name = column.name, .kind = column.date ? "date" : column.kind};
  std::map<std::string_view, int64_t> kinds;
  int64_t count = 0;
  struct Read {
    bool missing = false;
    std::optional<double> number;
    std::string_view text;
  };
  column_of(column).each(
      column.is_number() ? std::optional(column.form()) : std::nullopt,
      [&](std::string_view text) {
        const bool is_missing = missing.contains(text);
        return Read{is_missing, column.is_number() && !is_missing ? cell_number(text, column.form()) : std::nullopt,
                    text};
      },
      [](double number) {
        return Read{false, number, {}};
      },
      [&](int64_t, const Read& cell) {
        if (cell.missing) {
          ++summary.missing;
        } else if (cell.number) {
          summary.least = count == 0 ? *cell.number : std::min(summary.least, *cell.number);
          summary.most = count == 0 ? *cell.number : std::max(summary.most, *cell.number);
          ++count;
          summary.mean += (*cell.number - summary.mean) / static_cast<double>(count);
        } else {
          ++kinds[cell.text];
        }
      });
  for (const auto& [kind, rows] : kinds) summary.kinds.emplace_back(kind, rows);
  std::ranges::stable_sort(summary.kinds, std::greater(), &std::pair<std::string, int64_t>::second);
  return summary;
}

struct FittedCells::Unknown {
  int64_t count = 0, row = 0;  // the first
  std::vector<std::string> examples;
  bool more = false;  // kinds than those
  void add(std::string_view cell, int64_t at) {
    if (count++ == 0) row = at;
    if (more || std::ranges::count(examples, cell) > 0) return;
    if (examples.size() < 3)
      examples.emplace_back(cell);
    else
      more = true;
  }
};

int32_t FittedCells::code_of(const FittedColumn& column, const Categories& categories, const MissingWords& missing,
                             std::string_view text) {
  const int32_t code = categories.code(text);
  if (code >= 0) return code;
  if (!missing.contains(text)) return unknown_code;
  if (column.fill) return categories.code(*column.fill);
  return column.missing_category ? static_cast<int32_t>(column.categories.size()) : -1;
}

std::vector<int32_t> FittedCells::codes(const FittedColumn& column, std::vector<Problem>& warnings) const {
  const MissingWords missing(parts_.spec, false);
  const Categories categories(column.categories);
  const TableColumn cells = column_of(column);
  Unknown unknown, without_value;
  std::vector<int32_t> values;
  values.reserve(static_cast<size_t>(rows_.size()));
  cells.each([&](std::string_view text) { return code_of(column, categories, missing, text); },
             [&](int64_t row, int32_t code) {
               if (code == unknown_code) unknown.add(cells.text(row), row);
               if (code == -1) without_value.add("", row);
               values.push_back(code);
             });
  // Rare ones that 'min_count' left out are none of training's either.
  const int64_t least = parts_.spec.min_count > 1 ? rows_.size() / 2 : 0;
  if (unknown.count > least && column.kind != "class")
    warnings.push_back(doubt_unknown(column, categories, unknown, cells.index));
  if (without_value.count > 0 && column.kind != "class")
    warnings.push_back({.where = parts_.cell_where(without_value.row, cells.index),
                        .what = concat("column '", column.name, "': ", without_value.count, " of ",
                                       count_of(rows_.size(), "row"), " have no value, and all of training's have one"),
                        .help = concat("the network sees none of its categories there: train with 'columns: {",
                                       column.name, ": {impute: most_frequent}}' if such rows come")});
  return values;
}

std::vector<int32_t> FittedCells::groups(const FittedColumn& column) const {
  const MissingWords missing(parts_.spec, false);
  const TableColumn cells = column_of(column);
  std::unordered_map<std::string_view, int32_t> numbers;
  std::vector<int32_t> values;
  values.reserve(static_cast<size_t>(rows_.size()));
  for (const int64_t row : rows_) {
    const std::string_view text = cells.text(row);
    if (missing.contains(text))
      fail_cell(parts_, row, cells.index, "what the rows of a group have in common", text, "take the row out");
    values.push_back(numbers.emplace(text, static_cast<int32_t>(numbers.size())).first->second);
  }
  return values;
}

Problem FittedCells::doubt_unknown(const FittedColumn& column, const Categories& categories, const Unknown& unknown,
                                   int64_t at) const {
  std::vector<std::string> shown;
  std::string help = "the network sees none of its categories there: write them as in training, if they are meant";
  for (const std::string& example : unknown.examples) {
    shown.push_back(concat("'", shortened(example, 24), "'"));
    if (const std::string* near = categories.alike(example); near && help.starts_with("the"))
      help = concat("write '", *near, "' for '", example, "', as in training");
  }
  if (column.kind == "index" && help.starts_with("the"))
    help += concat("; or 'columns: {", column.name, ": group}' if it only says which rows are ranked together");
  return {.where = parts_.cell_where(unknown.row, at),
          .what = concat("column '", column.name, "': ", unknown.count, " of ", count_of(rows_.size(), "row"),
                         " have categories that training lacks: ", join(shown), unknown.more ? ", …" : ""),
          .help = help};
}

void FittedCells::doubt_columns(std::vector<Problem>& warnings) const {
  if (fitted_.names.empty() || !parts_.text) return;
  const std::unordered_set<std::string_view> known(fitted_.names.begin(), fitted_.names.end());
  std::vector<std::string> more;
  for (size_t i = 0; i < parts_.names.size(); ++i)
    if (const std::string& name = parts_.names[i];
        !known.contains(name) && why_row_names(name, static_cast<int64_t>(i)).empty())
      more.push_back("'" + name + "'");
  if (!more.empty())
    warnings.push_back(
        {.where = parts_.text->first_where(),
         .what = concat("the training table has no ", more.size() == 1 ? "column " : "columns ",
                        shortened(join(more), 200), "; ", more.size() == 1 ? "it is" : "they are", " left out")});
}

void FittedCells::fail_class(int64_t row, const FittedColumn& target) const {
  const int64_t at = index_of(target);
  const std::string cell(stripped(parts_.cell(row, at), target.strip));
  const Categories categories(target.categories);
  // What stands behind a class's name in every cell of some files.
  const size_t last = cell.find_last_not_of(".;,!*: ");
  const std::string end = last == std::string::npos ? "" : cell.substr(last + 1);
  std::string help = "take the row out, or name all classes as 'classes' in the data set's description";
  if (MissingWords(parts_.spec, false).contains(cell))
    help = "take the row out";
  else if (!end.empty() && categories.code(cell.substr(0, last + 1)) >= 0)
    help = &target == &fitted_.target.values[0]
               ? concat("write 'target: {column: ", target.name, ", strip: \"", end, "\"}'")
               : concat("write 'columns: {", target.name, ": {type: target, strip: \"", end, "\"}}'");
  else if (const std::string* near = categories.alike(cell))
    help = concat("write '", *near, "', as in training");
  fail_cell(parts_, row, at, "one of " + shortened(join(target.categories), 200), cell, std::move(help));
}

}  // namespace dl
