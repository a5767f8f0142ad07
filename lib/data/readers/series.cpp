// series: windows of a table whose rows come one after another in time: what follows is predicted from what came
// before.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/base/text.h"
#include "lib/data/cell_date.h"
#include "lib/data/reader.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/table/series.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

struct Series final : Reader {
  std::string path, normalize = "standard", impute = "refuse", decimal = ".";
  std::optional<std::string> time;
  OneOrMore<std::string> target;
  std::vector<std::string> columns;
  int64_t length = 0, horizon = 1, stride = 1;
  double begin = 0;
  std::optional<double> end;

  void describe(Schema& s) override {
    s.summary("windows of a table in time: the rows that follow are predicted from those before");
    s.also_known_as({"timeseries", "time_series", "forecast", "forecasting", "window", "windows"});
    s.details(
        "A CSV file whose rows come one after another in equal steps. The input 'x' is [length, columns], the target "
        "the next 'horizon' rows of the target columns: [horizon, targets], [horizon] of a single one. Columns are "
        "normalized by the rows of the training windows alone; figures of a single target are in its own units, those "
        "of several in normalized ones.\n\n"
        "Parts are cut by time: 'begin' and 'end' say which rows are predicted, and the inputs of the first of them "
        "reach back before 'begin'. Windows that are held out by chance or by a share would overlap those that are "
        "trained on.");
    s.required("path", path, "the file").known_as({"file", "filename"});
    s.optional("time", time,
               "the column with the time, which is no input; rows that are not in its order, and gaps, are told")
        .known_as({"date", "timestamp", "index"});
    s.required("length", length, "rows of the input")
        .at_least(1)
        .at_most(most_rows)
        .known_as({"seq_len", "lookback", "input_length", "window"});
    s.optional("horizon", horizon, "rows that are predicted, those right behind the input")
        .at_least(1)
        .at_most(most_rows)
        .known_as({"pred_len", "forecast"});
    s.optional("stride", stride, "rows from a window to the next").at_least(1).at_most(most_rows).known_as({"step"});
    s.optional("columns", columns, "of the input; without it all but 'time'")
        .known_as({"features", "inputs"})
        .help("write the names of those that are taken: 'columns: [sales, price]'");
    s.optional("target", target, "a column or several; without it those of the input").known_as({"targets", "label"});
    s.optional("begin", begin,
               "the first row that is predicted: below 1 a share of the rows, else a row's number from 0 on")
        .at_least(0)
        .at_most(most_rows);
    s.optional("end", end, "behind the last row that is predicted, likewise; without it, and with 1, the file's end")
        .at_least(0)
        .at_most(most_rows);
    s.optional("normalize", normalize, "standard (mean 0, deviation 1), minmax (0 to 1)")
        .one_of({"standard", "minmax", "none"});
    s.optional("impute", impute, "what stands for a missing cell: the one before it, or nothing may")
        .one_of({"refuse", "previous"});
    s.optional("decimal", decimal, "what stands before a number's decimals").one_of({".", ","});
    s.example("{format: series, path: ETTh1.csv, time: date, length: 336, horizon: 96, end: 8640}");
    s.example("{format: series, path: sales.csv, time: day, target: sold, length: 28, begin: 0.8}");
    s.check([this](const Report& report) {
      for (const auto& [key, row] : {std::pair("begin", begin), std::pair("end", end.value_or(0))})
        if (!is_share(row) && row != std::floor(row))
          report.at(key, concat("expected a share below 1 or a row's whole number, got ", number_text(row)));
      if (end && is_share(begin) == is_share(*end) && *end <= begin)
        report.at("end", concat("expected more than 'begin', ", number_text(begin), ", got ", number_text(*end)));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    const auto rows = read(find_data(folders, path));
    const std::vector<std::string> inputs = columns.empty() ? rows->names : columns;
    const std::vector<std::string> targets = target.empty() ? inputs : target.values;
    for (const auto* names : {&inputs, &targets})
      for (const std::string& name : *names)
        if (std::ranges::count(rows->names, name) == 0)
          throw Error(Exit::usage, Problem{.where = place,
                                           .what = concat("there is no column '", name, "' in ", rows->path.string()),
                                           .notes = {"its columns: " + join(rows->names)}});
    return series(rows, windows_of(*rows), {inputs, targets, normalize});
  }
  DatasetPointer open_fitted(const Node& fit) const override { return series_by_fit(nullptr, shape_of_windows(), fit); }
  std::vector<std::string> keys_of_fit() const override { return {"columns", "target", "normalize"}; }
  // All windows of inputs, those at whose end the file ends too.
  DatasetPointer open_inputs(const std::filesystem::path& file, const Node& fit) const override {
    const auto rows = read(file);
    SeriesWindows windows = shape_of_windows();
    windows.has_target = false;
    if (rows->rows < length) fail_short(*rows, 0, length);
    windows.count = (rows->rows - length) / stride + 1;
    windows.first = (rows->rows - length) % stride;
    return series_by_fit(rows, windows, fit);
  }

 private:
  static constexpr int64_t most_rows = int64_t{1} << 40;
  static bool is_share(double place) { return place < 1; }
  static int64_t row_of(double place, int64_t rows) {
    return is_share(place) ? std::llround(place * static_cast<double>(rows)) : static_cast<int64_t>(place);
  }

  NumberForm form() const { return {.decimal = decimal[0]}; }

  SeriesWindows shape_of_windows() const {
    return {.length = length, .horizon = horizon, .stride = stride, .centred = normalize == "standard"};
  }

  SeriesWindows windows_of(const SeriesRows& rows) const {
    SeriesWindows windows = shape_of_windows();
    const int64_t behind = end && *end != 1 ? row_of(*end, rows.rows) : rows.rows;
    if (behind > rows.rows)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("'end' is ", behind, ", but ", rows.path.string(), " has ",
                                                      count_of(rows.rows, "row"))});
    windows.first = std::max<int64_t>(row_of(begin, rows.rows) - length, 0);
    const int64_t spare = behind - windows.first - length - horizon;
    if (spare < 0) fail_short(rows, windows.first, length + horizon, behind);
    windows.count = spare / stride + 1;
    return windows;
  }

  [[noreturn]] void fail_short(const SeriesRows& rows, int64_t first, int64_t wanted,
                               std::optional<int64_t> behind = {}) const {
    throw Error(
        Exit::data,
        Problem{.where = {.file = rows.path.string()},
                .what = concat("expected ", count_of(wanted, "row"), " for a window, found ",
                               std::max<int64_t>(behind.value_or(rows.rows) - first, 0)),
                .help = behind ? "lower 'length' or 'horizon', or let 'begin' and 'end' lie further apart" : ""});
  }

  std::shared_ptr<const SeriesRows> read(const std::filesystem::path& file) const {
    const CsvText text(file, {});
    if (!text.has_header())
      throw Error(Exit::data, Problem{.where = text.first_where(),
                                      .what = "expected a first row that names the columns, found one of data",
                                      .help = "write one"});
    if (time && std::ranges::count(text.names(), *time) == 0)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("there is no column '", *time, "' in ", file.string()),
                                       .notes = {"its columns: " + join(text.names())}});
    auto rows = std::make_shared<SeriesRows>();
    rows->path = file, rows->hash = text.xxh64(), rows->rows = text.rows();
    for (int64_t r = 0; r < text.rows(); ++r) rows->lines.push_back(text.where(r, 0).line);
    for (int64_t c = 0; c < text.columns(); ++c) {
      const std::string& name = text.names()[static_cast<size_t>(c)];
      if ((time && name == *time) || !is_used(name)) continue;
      if (const std::string why = why_row_names(name, c); !why.empty() && !is_named(name)) {
        rows->warnings.push_back(
            {.where = text.first_where(),
             .what = why + ": it is taken for the rows' names and left out",
             .help = name.empty() ? "give it a name in the header to use it" : "name it in 'columns' to use it"});
        continue;
      }
      if (std::ranges::count(rows->names, name) > 0)
        throw Error(Exit::data,
                    Problem{.where = text.first_where(), .what = concat("two columns are named '", name, "'")});
      rows->names.push_back(name);
      rows->columns.push_back(numbers(text, c));
    }
    if (time) doubt_order(text, std::ranges::find(text.names(), *time) - text.names().begin(), rows->warnings);
    return rows;
  }

  // Of rows the newest first, or in no order of time: where times are numbers, or texts of one length as 2024-05-01.
  // Several series in one file, and steps that are missing.
  void doubt_order(const CsvText& text, int64_t column, std::vector<Problem>& warnings) const {
    std::vector<int64_t> falls, ties, beginnings;  // rows
    const auto number = [&](int64_t r) { return cell_number(text.cell(r, column)); };
    for (int64_t r = 1; r < text.rows(); ++r) {
      const std::string_view before = text.cell(r - 1, column), now = text.cell(r, column);
      const auto from = number(r - 1), to = number(r), first = number(0);
      const bool are_numbers = from && to && first;
      if (!are_numbers && (before.size() != now.size() || before.find_first_not_of("0123456789") != 4)) return;
      if (are_numbers ? *from == *to : before == now) ties.push_back(r);
      if (are_numbers ? *from <= *to : before <= now) continue;
      falls.push_back(r);
      if (are_numbers ? *to <= *first : now <= text.cell(0, column)) beginnings.push_back(r);
    }
    const auto warn = [&](int64_t row, std::string what, std::string help) {
      warnings.push_back({.where = text.where(row, column), .what = std::move(what), .help = std::move(help)});
    };
    const auto cell = [&](int64_t row) { return concat("'", shortened(text.cell(row, column)), "'"); };
    if (10 * std::ssize(falls) > text.rows())  // less may be an hour that a clock has twice
      return warn(falls[0],
                  concat("the rows do not come in the order of '", *time, "': ", cell(falls[0]), " stands behind ",
                         cell(falls[0] - 1)),
                  concat("sort the file by '", *time, "'"));
    const std::string help = "give each series a file of its own, or each a column in one row a time";
    if (!beginnings.empty())
      return warn(beginnings[0],
                  concat("the times of '", *time, "' begin again: ", cell(beginnings[0]), " stands behind ",
                         cell(beginnings[0] - 1), "; windows reach from one series into the next"),
                  help);
    if (3 * std::ssize(ties) > text.rows())
      return warn(ties[0],
                  concat("several rows have one time, such as ", cell(ties[0]),
                         "; windows take them for steps of one "
                         "series"),
                  help);
    if (const auto [row, count] = first_gap(text, column); count > 0)
      warn(row,
           concat("rows are missing between ", cell(row - 1), " and ", cell(row),
                  count > 1 ? concat(", and at ", count_of(count - 1, "further place")) : "",
                  "; windows take rows for equal steps"),
           "add the rows, with cells left empty, and write 'impute: previous'");
  }

  // The first step that is more than twice as long as nearly all, and how many are; none of times that are written as
  // numbers of digits of a date, 20240131.
  static std::pair<int64_t, int64_t> first_gap(const CsvText& text, int64_t column) {
    constexpr size_t enough = 20;
    std::vector<double> steps;
    double before = 0;
    for (int64_t r = 0; r < text.rows(); ++r) {
      const std::string_view cell = text.cell(r, column);
      auto now = cell_number(cell);
      if (now && cell.size() >= 6 && cell.size() % 2 == 0 && (cell.starts_with("19") || cell.starts_with("20")))
        return {};
      if (!now) now = cell_days(cell, DateOrder::ymd);
      if (!now) return {};
      if (r > 0) steps.push_back(*now - before);
      before = *now;
    }
    if (steps.size() < enough) return {};
    std::vector<double> sorted = steps;
    const auto usual = sorted.begin() + static_cast<int64_t>(sorted.size() * 95 / 100);
    std::nth_element(sorted.begin(), usual, sorted.end());
    const auto is_gap = [most = 2.001 * *usual](double step) { return step > most; };
    const auto first = std::ranges::find_if(steps, is_gap);
    return {first - steps.begin() + 1, std::ranges::count_if(steps, is_gap)};
  }

  bool is_named(const std::string& name) const {
    return std::ranges::count(columns, name) > 0 || std::ranges::count(target.values, name) > 0;
  }
  bool is_used(const std::string& name) const { return columns.empty() || is_named(name); }

  // What to write where the first cell of a column is no number.
  std::string columns_help(const CsvText& text, const std::string& name) const {
    std::vector<std::string> numeric;
    for (int64_t c = 0; c < text.columns(); ++c)
      if (cell_number(text.cell(0, c), form())) numeric.push_back(text.names()[static_cast<size_t>(c)]);
    const std::string named = concat("write 'columns: [", join(numeric), "]'");
    return time ? named : concat("write 'time: ", name, "' if it is the time, else ", named.substr(6));
  }

  std::vector<double> numbers(const CsvText& text, int64_t column) const {
    std::vector<double> values;
    values.reserve(static_cast<size_t>(text.rows()));
    for (int64_t r = 0; r < text.rows(); ++r) {
      const std::string_view cell = text.cell(r, column);
      auto number = cell_number(cell, form());
      const bool is_missing = !number && (cell.empty() || is_missing_word(cell));
      if (is_missing && impute == "previous" && !values.empty()) number = values.back();
      if (!number || std::abs(*number) > 3.4e38) {
        const std::string& name = text.names()[static_cast<size_t>(column)];
        throw Error(Exit::data,
                    Problem{.where = text.where(r, column),
                            .what = concat("column '", name, "': expected a number, found '",
                                           shortened(std::string(cell), 40), "'"),
                            .help = is_missing && impute != "previous"
                                        ? "write 'impute: previous', which lets the one before it stand there"
                                    : is_missing ? "there is none before it: fill it in, or take the row out"
                                    : decimal == "." && cell_number(cell, {.decimal = ','}) ? "write 'decimal: \",\"'"
                                    : r == 0                                                ? columns_help(text, name)
                                                                                            : ""});
      }
      values.push_back(*number);
    }
    return values;
  }
};
DL_READER(Series, "series");

}  // namespace
}  // namespace dl
