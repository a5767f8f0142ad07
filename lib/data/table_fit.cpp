// Means, deviations, medians and categories of the training part.
#include "lib/data/table_fit.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/text.h"

namespace dl {

std::string_view stripped(std::string_view text, const std::string& strip) {
  const size_t last = strip.empty() ? text.size() - 1 : text.find_last_not_of(strip);
  return text.substr(0, last + 1);
}

std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

double signed_log(double x) { return std::copysign(std::log1p(std::abs(x)), x); }

void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
               std::string_view found, std::string help) {
  throw Error(Exit::data, Problem{.where = parts.text->where(row, column),
                                  .what = concat("column '", parts.names[static_cast<size_t>(column)], "': expected ",
                                                 expected, ", found '", shortened(found), "'"),
                                  .help = std::move(help)});
}

namespace {

// The cells of one column in the rows to fit: those that are there.
struct Column {
  const TableParts& parts;
  int64_t index;
  std::string strip;
  std::span<const int64_t> rows;

  std::string_view text(int64_t row) const { return stripped(parts.text->cell(row, index), strip); }
  bool is_missing(std::string_view text) const { return std::ranges::count(parts.spec.missing, text) > 0; }

  bool is_numeric() const {
    bool any = false;
    for (int64_t row : rows) {
      const std::string_view cell = text(row);
      if (is_missing(cell)) continue;
      if (!number_in(cell)) return false;
      any = true;
    }
    return any;
  }

  std::vector<double> numbers() const {
    std::vector<double> values;
    for (int64_t row : rows) {
      const std::string_view cell = text(row);
      if (is_missing(cell)) continue;
      const auto value = number_in(cell);
      if (!value)
        fail_cell(parts, row, index, "a number", cell,
                  "add it to 'missing' if it stands for no value, or declare the column 'categorical'");
      values.push_back(*value);
    }
    return values;
  }

  std::map<std::string, int64_t, std::less<>> counts() const {
    std::map<std::string, int64_t, std::less<>> counts;
    for (int64_t row : rows)
      if (const std::string_view cell = text(row); !is_missing(cell)) {
        auto found = counts.find(cell);
        if (found == counts.end()) found = counts.emplace(cell, 0).first;
        ++found->second;
      }
    return counts;
  }
};

// The most frequent; of several the least.
template <class T, class Less>
std::string most_frequent(const std::map<T, int64_t, Less>& counts, std::string (*text)(const T&)) {
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : text(most->first);
}

double median(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle), values.end());
  if (values.size() % 2) return values[middle];
  return (values[middle] + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle))) / 2;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::string number_fill(const std::vector<double>& values, const std::string& impute) {
  if (values.empty()) return "0";
  if (impute == "median") return number_text(median(values));
  if (impute != "most_frequent") return number_text(mean(values));
  std::map<double, int64_t> counts;
  for (double value : values) ++counts[value];
  return most_frequent<double>(counts, [](const double& value) { return number_text(value); });
}

void fit_numbers(FittedColumn& fitted, std::vector<double> values, const std::string& normalize) {
  fitted.log = normalize == "log";
  if (fitted.log)
    for (double& value : values) value = signed_log(value);
  if (normalize == "none" || values.empty()) return;
  if (normalize == "minmax") {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    fitted.shift = *least;
    fitted.scale = *most - *least;
  } else {
    fitted.shift = mean(values);
    double squares = 0;
    for (double value : values) squares += (value - fitted.shift) * (value - fitted.shift);
    fitted.scale = std::sqrt(squares / static_cast<double>(values.size()));
  }
  if (!(fitted.scale > 0)) fitted.scale = 1;  // one value only
}

FittedColumn fit_input(const Column& column, const std::string& name, const ColumnSpec& spec) {
  const TableSpec& table = column.parts.spec;
  FittedColumn fitted{.name = name, .strip = spec.strip};
  if (!spec.fill.is_null()) fitted.fill = spec.fill.as_string().value_or(spec.fill.text);
  const bool numeric = spec.type ? *spec.type == "numeric" : !spec.as && column.is_numeric();
  if (numeric) {
    fitted.kind = "numeric";
    std::vector<double> values = column.numbers();
    if (!fitted.fill) fitted.fill = number_fill(values, spec.impute.value_or(table.impute));
    if (!number_in(*fitted.fill))
      throw Error(Exit::usage, Problem{.where = column.parts.where,
                                       .what = concat("column '", name, "': expected a number as 'fill', got '",
                                                      *fitted.fill, "'")});
    fit_numbers(fitted, std::move(values), spec.normalize.value_or(table.normalize));
    return fitted;
  }
  fitted.kind = spec.as.value_or("one_hot");
  const auto counts = column.counts();
  for (const auto& [category, count] : counts)
    if (count >= table.min_count) fitted.categories.push_back(category);
  if (spec.impute == "most_frequent")
    fitted.fill = most_frequent<std::string>(counts, [](const std::string& text) { return text; });
  fitted.missing_category = !fitted.fill && std::ranges::any_of(column.rows, [&](int64_t row) {
    return column.is_missing(column.text(row));
  });
  return fitted;
}

FittedColumn fit_target(const Column& column, const TargetSpec& spec) {
  const std::vector<std::string>& classes = column.parts.classes;
  FittedColumn fitted{.name = spec.column, .strip = spec.strip};
  const bool is_class = spec.as ? *spec.as == "class" : !classes.empty() || !column.is_numeric();
  fitted.kind = is_class ? "class" : "value";
  if (!is_class) {
    fit_numbers(fitted, column.numbers(), spec.normalize);
  } else if (!classes.empty()) {
    fitted.categories = classes;
  } else {
    for (const auto& [category, count] : column.counts()) fitted.categories.push_back(category);
  }
  return fitted;
}

}  // namespace

FittedTable fit_table(const TableParts& parts, std::span<const int64_t> rows) {
  const auto expect_column = [&](const std::string& name) {
    if (std::ranges::count(parts.names, name) > 0) return;
    const std::string nearest = closest(name, parts.names);
    throw Error(Exit::usage, Problem{.where = parts.where,
                                     .what = concat("unknown column '", name, "'"),
                                     .notes = {"known columns: " + join(parts.names)},
                                     .help = nearest.empty() ? "" : concat("write '", nearest, "'")});
  };
  expect_column(parts.spec.target.column);
  for (const auto& [name, spec] : parts.spec.columns) expect_column(name);
  FittedTable fitted;
  for (size_t i = 0; i < parts.names.size(); ++i) {
    const std::string& name = parts.names[i];
    const auto said = parts.spec.columns.find(name);
    const ColumnSpec spec = said == parts.spec.columns.end() ? ColumnSpec{} : said->second;
    const auto column = [&](const std::string& strip) {
      return Column{.parts = parts, .index = static_cast<int64_t>(i), .strip = strip, .rows = rows};
    };
    if (name == parts.spec.target.column) {
      fitted.target = fit_target(column(parts.spec.target.strip), parts.spec.target);
    } else if (spec.type != "ignore") {
      fitted.columns.push_back(fit_input(column(spec.strip), name, spec));
    }
  }
  return fitted;
}

}  // namespace dl
