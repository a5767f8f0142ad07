// What becomes of each column of the training part: numbers, dates, categories, targets, or nothing.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_fit.h"

#include <algorithm>
#include <cmath>

#include "lib/base/division.h"
#include "lib/base/in_parallel.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/table/number_fit.h"
#include "lib/data/table/table_categories.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_column.h"
#include "lib/data/table/table_doubts.h"

namespace dl {

std::string as_class(const TableSpec& spec, const std::string& target) {
  const std::vector<std::string>& targets = spec.target.column.values;
  if (targets.size() > 1 && std::ranges::count(targets, target) > 0)
    return concat("columns: {", target, ": {type: target, as: class}}' in the place of its name in 'target");
  return targets == std::vector{target} ? concat("target: {column: ", target, ", as: class}")
                                        : concat("columns: {", target, ": {type: target, as: class}}");
}

double signed_log(double x) { return std::copysign(std::log1p(std::abs(x)), x); }

namespace {

constexpr size_t most_category_bytes = 8 << 20;  // of a column, in the resolved config

// Categories that are there `least` times or more.
void fit_categories(FittedColumn& fitted, const TableColumn& column,
                    const std::vector<std::pair<std::string, int64_t>>& counts, int64_t least, const char* noun,
                    const std::string& help) {
  size_t bytes = 0;
  for (const auto& [category, count] : counts) {
    if (count < least) continue;
    fitted.categories.push_back(category);
    bytes += category.size() + 10;
  }
  if (bytes > most_category_bytes)
    throw Error(Exit::usage,
                Problem{.where = column.parts.where,
                        .what = concat(noun, " '", fitted.name, "' has ", fitted.categories.size(),
                                       fitted.kind == "class" ? " classes" : " categories", ", more than a run keeps"),
                        .help = help});
}

class Fitter {
 public:
  Fitter(const TableParts& parts, RowChoice rows, std::vector<Problem>& warnings)
      : parts_(parts), rows_(rows), warnings_(warnings) {}

  FittedTable fit() {
    find_spreads();
    std::vector<Column> found(parts_.names.size());
    in_parallel(std::ssize(found), threads_for(rows_.size()),
                [&](int64_t i) { found[static_cast<size_t>(i)] = fit_column(i); });
    doubt_all_points(found);
    FittedTable fitted{.names = parts_.names};
    fitted.target.values.resize(parts_.spec.target.column.size());
    std::vector<FittedColumn> targets;  // further ones
    std::vector<std::string> left_out;  // columns that are no input, and why
    for (Column& column : found) {
      std::ranges::move(column.warnings, std::back_inserter(warnings_));
      if (column.target)
        fitted.target.values[*column.target] = std::move(column.fitted);
      else if (column.fitted.is_target())
        targets.push_back(std::move(column.fitted));
      else if (column.left_out.empty()) {
        fitted.columns.push_back(std::move(column.fitted));
        std::ranges::move(column.parts, std::back_inserter(fitted.columns));
      } else
        left_out.push_back(std::move(column.left_out));
    }
    if (fitted.columns.empty()) {
      for (const FittedColumn& target : targets)
        left_out.push_back(concat("column '", target.name, "' is a ", target.kind == "group" ? "group" : "target"));
      for (const std::string& target : parts_.spec.target.column.values)
        left_out.push_back(concat("column '", target, "' is ", fitted.target.size() > 1 ? "a target" : "the target"));
      throw Error(Exit::usage, Problem{.where = parts_.where,
                                       .what = concat("no column of '", parts_.text->path().filename().string(),
                                                      "' is left as input"),
                                       .notes = left_out,
                                       .help = "leave one column in at least"});
    }
    std::ranges::move(targets, std::back_inserter(fitted.columns));
    return fitted;
  }

 private:
  struct Column {
    FittedColumn fitted;
    std::vector<FittedColumn> parts;  // of a date, further ones
    std::optional<size_t> target;     // it is that one of "y"
    std::string left_out;             // why it is no input; empty: it is one
    std::vector<Problem> warnings;
  };

  // Of columns that are kept as numbers and likely fitted as such.
  void find_spreads() {
    std::vector<size_t> places;
    std::vector<NumberSequence> columns;
    bool with_deviations = false;
    for (size_t i = 0; i < parts_.names.size(); ++i) {
      const auto said = parts_.spec.columns.find(parts_.names[i]);
      const ColumnSpec spec = said == parts_.spec.columns.end() ? ColumnSpec{} : said->second;
      if (spec.type && *spec.type != "numeric" && *spec.type != "target") continue;
      const TableColumn column{.parts = parts_, .index = static_cast<int64_t>(i), .strip = spec.strip, .rows = rows_};
      auto numbers = column.kept_numbers({});
      if (!numbers) continue;
      places.push_back(i);
      columns.push_back(*std::move(numbers));
      with_deviations |= spec.normalize.value_or(parts_.spec.normalize) == "standard";
    }
    spreads_.resize(parts_.names.size());
    if (columns.empty()) return;
    // Groups of one size or nearly, as many for each thread.
    const int threads = threads_for(rows_.size());
    const auto count = std::ssize(columns), most = int64_t{most_together};
    const int64_t groups = std::min(count, ceil_div(ceil_div(count, most), threads) * threads);
    in_parallel(groups, threads, [&](int64_t group) {
      const auto begin = static_cast<size_t>(ceil_div(group * count, groups)),
                 end = static_cast<size_t>(ceil_div((group + 1) * count, groups));
      const auto found = spreads_of(std::span(columns).subspan(begin, end - begin), with_deviations);
      for (size_t i = begin; i < end; ++i) spreads_[places[i]] = found[i - begin];
    });
  }

  // In a table of decimal commas, where no key says how numbers are written.
  void doubt_all_points(const std::vector<Column>& found) const {
    if (parts_.spec.decimal || parts_.spec.thousands) return;
    const auto commas = std::ranges::find(found, ",", [](const Column& column) { return column.fitted.decimal; });
    if (commas == found.end()) return;
    for (size_t i = 0; i < found.size(); ++i) {
      const FittedColumn& fitted = found[i].fitted;
      const bool is_plain = fitted.is_number() && !fitted.date && fitted.form() == NumberForm();
      if (!found[i].left_out.empty() || !is_plain || says_numbers(found[i])) continue;
      doubt_points(
          {.parts = parts_, .index = static_cast<int64_t>(i), .strip = fitted.strip, .rows = rows_},
          commas->fitted.name,
          fitted.kind == "value" ? "'as: value' beside the target" : concat("'columns: {", fitted.name, ": numeric}'"),
          warnings_);
    }
  }

  // Whether the spec says of a column that it is one of numbers.
  bool says_numbers(const Column& column) const {
    if (column.target) return parts_.spec.target.as == "value";
    const auto said = parts_.spec.columns.find(column.fitted.name);
    return said != parts_.spec.columns.end() && (said->second.type == "numeric" || said->second.as == "value");
  }

  Column fit_column(int64_t i) const {
    Column found;
    const std::string& name = parts_.names[static_cast<size_t>(i)];
    const auto said = parts_.spec.columns.find(name);
    const ColumnSpec spec = said == parts_.spec.columns.end() ? ColumnSpec{} : said->second;
    const auto column = [&](const std::string& strip) {
      return TableColumn{
          .parts = parts_, .index = i, .strip = strip, .rows = rows_, .spread = spreads_[static_cast<size_t>(i)]};
    };
    const auto leave_out = [&](std::string why) { found.left_out = std::move(why); };
    const auto warn = [&](std::string what, std::string help) {
      found.warnings.push_back({.where = parts_.text->first_where(), .what = std::move(what), .help = std::move(help)});
    };
    const std::vector<std::string>& targets = parts_.spec.target.column.values;
    if (const auto target = std::ranges::find(targets, name); target != targets.end()) {
      found.target = static_cast<size_t>(target - targets.begin());
      found.fitted = fit_target(parts_.spec.target, column(parts_.spec.target.strip), parts_.classes, found.warnings);
    } else if (spec.type == "target") {
      const TargetSpec further{
          .column = {{name}}, .as = spec.as, .normalize = spec.normalize.value_or("standard"), .strip = spec.strip};
      found.fitted = fit_target(further, column(spec.strip), {}, found.warnings);
    } else if (spec.type == "group") {
      found.fitted = {.name = name, .kind = "group", .strip = spec.strip};
    } else if (spec.type == "date") {
      fit_date(found, column(spec.strip), spec);
      if (!found.left_out.empty())
        warn(found.left_out + "; it is left out", concat("write 'columns: {", name, ": ignore}'"));
    } else if (spec.type == "ignore") {
      leave_out(concat("column '", name, "' is declared 'ignore'"));
    } else if (const std::string why = why_row_names(name, i); !why.empty() && said == parts_.spec.columns.end()) {
      leave_out(why);
      warn(why + ": it is taken for the rows' names and left out",
           name.empty() ? "give it a name in the header to use it"
                        : concat("write 'columns: {\"", name, "\": numeric}', or ': categorical', to use it"));
    } else if (found.fitted = fit_input(column(spec.strip), spec, found.warnings);
               !found.fitted.is_number() && found.fitted.categories.empty()) {
      leave_out(parts_.spec.min_count > 1
                    ? concat("'min_count: ", parts_.spec.min_count, "' leaves column '", name, "' no category")
                    : concat("column '", name, "' has no value in the training part"));
      warn(found.left_out + "; it is left out", concat("write 'columns: {", name, ": ignore}'"));
    }
    return found;
  }

  FittedColumn fit_input(const TableColumn& column, const ColumnSpec& spec, std::vector<Problem>& warnings) const {
    FittedColumn fitted{.name = column.name(), .strip = spec.strip};
    if (!spec.fill.is_null()) fitted.fill = spec.fill.as_string().value_or(spec.fill.text);
    const bool may_be_numbers = spec.type ? *spec.type == "numeric" : !spec.as;
    const ColumnNumbers numbers = may_be_numbers ? column.numbers() : ColumnNumbers{};
    if (spec.type && numbers.others > 0)
      fail_cell(parts_, numbers.other_rows[0], column.index, "a number", column.text(numbers.other_rows[0]),
                concat(missing_help, ", or declare the column 'categorical'"));
    if (may_be_numbers && (spec.type || numbers.are_all())) {
      fitted.kind = "numeric";
      const NumberSpread spread = fit_numbers(fitted, column, numbers, spec.normalize.value_or(parts_.spec.normalize));
      if (!fitted.fill) {
        fitted.fill = number_fill(numbers.values, spread, spec.impute.value_or(parts_.spec.impute));
      } else if (const auto value = cell_number(*fitted.fill); value && std::isfinite(*value)) {
        fitted.fill = number_text(*value);
      } else {
        throw Error(Exit::usage, Problem{.where = parts_.where,
                                         .what = concat("column '", fitted.name,
                                                        "': expected a number as 'fill', got '", *fitted.fill, "'")});
      }
      doubt_numbers(column, numbers, warnings);
      if (!spec.type && has_other_inputs(column)) doubt_row_numbers(column, numbers, warnings);
      return fitted;
    }
    fitted.kind = spec.as.value_or("one_hot");
    const auto counts = column.categories();
    fit_categories(fitted, column, counts, parts_.spec.min_count, "column",
                   concat("write 'columns: {", column.name(), ": ignore}', or a 'min_count' for rare ones"));
    if (spec.impute == "most_frequent" && !counts.empty()) fitted.fill = most_frequent(counts);
    const MissingWords missing(parts_.spec, false);
    // A word that no other cell has: a category of the missing cells' own.
    if (fitted.fill && Categories(fitted.categories).code(*fitted.fill) < 0) fitted.fill.reset();
    fitted.missing_category = !fitted.fill && column.has(missing);
    if (may_be_numbers) doubt_categories(column, numbers, fitted.categories, warnings);
    doubt_alike(column, fitted.categories, false, warnings);
    return fitted;
  }

  // Whether there is a column beside it that may be an input.
  bool has_other_inputs(const TableColumn& column) const {
    return std::ranges::any_of(parts_.names, [&](const std::string& name) {
      if (name == column.name() || std::ranges::count(parts_.spec.target.column.values, name) > 0) return false;
      const auto said = parts_.spec.columns.find(name);
      const std::string type = said == parts_.spec.columns.end() ? "" : said->second.type.value_or("");
      return type != "ignore" && type != "target" && type != "group";
    });
  }

  void fit_date(Column& found, const TableColumn& column, const ColumnSpec& spec) const {
    const ColumnNumbers days = dates_of(column, spec);
    if (days.values.empty()) {
      found.fitted = {.name = column.name(), .kind = "numeric"};
      found.left_out = concat("column '", column.name(), "' has no date in the training part");
      return;
    }
    FittedColumn date{.name = column.name(), .kind = "numeric", .strip = spec.strip, .date = name_of(days.form.date)};
    found.fitted = date;
    const NumberSpread spread = fit_numbers(found.fitted, column, days, spec.normalize.value_or("standard"));
    found.fitted.fill = number_fill(days.values, spread, spec.impute.value_or(parts_.spec.impute));
    if (!spec.fill.is_null()) {
      const std::string text = spec.fill.as_string().value_or(spec.fill.text);
      const auto given = cell_days(text, days.form.date);
      if (!given)
        throw Error(Exit::usage,
                    Problem{.where = parts_.where,
                            .what = concat("column '", column.name(), "': expected a date as 'fill', got '", text, "'"),
                            .help = concat("write one as the cells are, '", column.text(column.rows[0]), "'")});
      found.fitted.fill = number_text(*given);
    }
    const double fill = *cell_number(*found.fitted.fill);
    bool has_times = false;
    days.values.each_block([&](std::span<const double> block) {
      for (const double day : block) has_times |= day != std::floor(day);
    });
    for (const std::string& part : date_parts()) {
      if (part == "days" || (!has_times && part.starts_with("day_"))) continue;
      date.part = part;
      date.fill = number_text(part_of(fill, date_part(part)));
      found.parts.push_back(date);
    }
  }

  // The days of a column's dates, in the order of year, month and day that all cells have.
  ColumnNumbers dates_of(const TableColumn& column, const ColumnSpec& spec) const {
    std::optional<ColumnNumbers> best;
    for (const std::string& order : spec.order ? std::vector{*spec.order} : date_orders()) {
      ColumnNumbers dates = column.numbers_of({.date = date_order(order)});
      if (best && best->others == 0 && dates.others == 0 && !dates.values.empty() &&
          best->values.all() != dates.values.all())
        throw Error(Exit::usage, Problem{.where = parts_.where,
                                         .what = concat("column '", column.name(), "': '", column.text(column.rows[0]),
                                                        "' and all others may have the day or the month first"),
                                         .help = concat("write 'columns: {", column.name(),
                                                        ": {type: date, order: dmy}}', or 'mdy'")});
      if (!best || dates.others < best->others) best = std::move(dates);
    }
    if (best->others > 0)
      fail_cell(parts_, best->other_rows[0], column.index, "a date, such as 2024-02-29 or 2024-02-29T13:05",
                column.text(best->other_rows[0]), concat(missing_help, ", or declare the column 'ignore'"));
    return std::move(*best);
  }

  // `classes` in their order; empty: those that the rows have.
  FittedColumn fit_target(const TargetSpec& spec, const TableColumn& column, const std::vector<std::string>& classes,
                          std::vector<Problem>& warnings) const {
    FittedColumn fitted{.name = column.name(), .strip = spec.strip};
    ColumnNumbers numbers;
    const bool must_be_numbers = spec.as == "value" || spec.column.size() > 1;
    if (must_be_numbers || (!spec.as && classes.empty())) {
      numbers = column.numbers();
      if (numbers.others > 0 && (must_be_numbers || numbers.are_most())) {
        const std::string_view cell = column.text(numbers.other_rows[0]);
        const std::string word = lower(cell);
        fail_cell(parts_, numbers.other_rows[0], column.index, "a number", cell,
                  word == "true" || word == "false"
                      ? concat("save 1 and 0 for True and False, in pandas table['", column.name(), "'].astype(int)")
                      : concat("take the row out, or write '", as_class(parts_.spec, column.name()),
                               "' if all are names of classes"));
      }
    }
    if (must_be_numbers || numbers.are_all()) {
      fitted.kind = "value";
      fit_numbers(fitted, column, numbers, spec.normalize);
      doubt_form(column, numbers.form, warnings);
      doubt_missing(column, numbers, warnings);
      return fitted;
    }
    fitted.kind = "class";
    fitted.categories = classes;
    if (!fitted.categories.empty()) return fitted;
    fit_categories(fitted, column, column.categories(), 1, "the target", "name a target with fewer");
    if (fitted.categories.empty())
      throw Error(Exit::data,
                  Problem{.where = parts_.text->first_where(),
                          .what = concat("the target '", fitted.name, "' has no value in the training part"),
                          .help = "name another column as 'target'"});
    doubt_classes(column, fitted.categories, warnings);
    doubt_alike(column, fitted.categories, true, warnings);
    return fitted;
  }

  const TableParts& parts_;
  const RowChoice rows_;
  std::vector<Problem>& warnings_;
  std::vector<std::optional<NumberSpread>> spreads_;  // of each column's kept numbers
};

}  // namespace

FittedTable fit_table(const TableParts& parts, RowChoice rows, std::vector<Problem>& warnings) {
  for (const auto& [name, spec] : parts.spec.columns) expect_column(parts, name);
  return Fitter(parts, rows, warnings).fit();
}

bool target_is_class(const TableParts& parts, RowChoice rows) {
  const TargetSpec& target = parts.spec.target;
  if (target.column.size() > 1) return false;
  if (target.as || !parts.classes.empty()) return target.as.value_or("class") == "class";
  const auto index = std::ranges::find(parts.names, target.column.values[0]) - parts.names.begin();
  return !TableColumn{.parts = parts, .index = index, .strip = target.strip, .rows = rows}.numbers().are_all();
}

}  // namespace dl
