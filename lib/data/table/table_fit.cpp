// Means, deviations, medians and categories of the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "lib/base/text.h"

namespace dl {

std::string_view stripped(std::string_view text, const std::string& strip) {
  if (strip.empty()) return text;
  return text.substr(0, text.find_last_not_of(strip) + 1);
}

double signed_log(double x) { return std::copysign(std::log1p(std::abs(x)), x); }

MissingWords::MissingWords(const TableSpec& spec, bool among_numbers) {
  if (spec.missing) {
    for (const std::string& word : *spec.missing) add(word);
    return;
  }
  for (const std::string_view word : missing_words()) add(word);
  if (among_numbers)
    for (const std::string_view word : words_missing_among_numbers()) add(word);
}

void MissingWords::add(std::string_view word) {
  words_.emplace_back(word);
  if (word.size() < 64) lengths_[word.empty() ? 0 : static_cast<unsigned char>(word[0])] |= uint64_t{1} << word.size();
}

bool MissingWords::is_one(std::string_view text) const { return std::ranges::count(words_, text) > 0; }

void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
               std::string_view found, std::string help) {
  throw Error(Exit::data, Problem{.where = parts.cell_where(row, column),
                                  .what = concat("column '", parts.names[static_cast<size_t>(column)], "': expected ",
                                                 expected, ", found '", shortened(found), "'"),
                                  .help = std::move(help)});
}

void expect_column(const TableParts& parts, const std::string& name) {
  if (std::ranges::count(parts.names, name) > 0) return;
  const std::string nearest = closest(name, parts.names);
  throw Error(Exit::usage, Problem{.where = parts.where,
                                   .what = concat("unknown column '", name, "'"),
                                   .notes = {"known columns: " + join(parts.names)},
                                   .help = nearest.empty() ? "" : concat("write '", nearest, "'")});
}

namespace {

constexpr size_t looked_at = 500;                // cells by which a column's form of numbers is recognised
constexpr size_t most_category_bytes = 8 << 20;  // of a column, in the resolved config
constexpr double mostly = 0.8;  // numbers among the cells of a column that is meant to be one of numbers

// The cells of a column as numbers of one form.
struct Numbers {
  NumberForm form;
  std::vector<double> values;       // of the cells that are numbers
  int64_t others = 0;               // cells that are there and no numbers
  std::vector<int64_t> other_rows;  // of them the first
  bool are_all() const { return others == 0 && !values.empty(); }
  bool are_most() const {
    return values.size() >= 5 && static_cast<double>(values.size()) >= mostly * double(values.size() + size_t(others));
  }
};

// One column in the rows to fit.
struct Column {
  const TableParts& parts;
  int64_t index;
  std::string strip;
  std::span<const int64_t> rows;

  std::string_view text(int64_t row) const { return stripped(parts.cell(row, index), strip); }
  const std::string& name() const { return parts.names[static_cast<size_t>(index)]; }

  Numbers numbers_of(const NumberForm& form) const {
    const MissingWords missing(parts.spec, true);
    Numbers found{.form = form};
    found.values.reserve(rows.size());
    for (const int64_t row : rows) {
      const std::string_view cell = text(row);
      if (missing.contains(cell)) continue;
      if (const auto value = cell_number(cell, form)) {
        found.values.push_back(*value);
      } else {
        if (found.other_rows.size() < looked_at) found.other_rows.push_back(row);
        ++found.others;
      }
    }
    return found;
  }

  // In the form in which the most cells are numbers; the first of several.
  Numbers numbers() const {
    const TableSpec& spec = parts.spec;
    std::vector<NumberForm> forms;
    if (spec.decimal || spec.thousands) {
      forms = {{.decimal = spec.decimal.value_or(".")[0], .thousands = spec.thousands ? (*spec.thousands)[0] : '\0'}};
    } else {
      const bool comma_delimits = parts.text->delimiter() == ',';
      forms = {{}, {.thousands = ','}, {.decimal = ','}};
      if (!comma_delimits) std::swap(forms[1], forms[2]);
      forms.insert(forms.end(), {{.decimal = ',', .thousands = '.'},
                                 {.decimal = ',', .thousands = ' '},
                                 {.thousands = ' '},
                                 {.thousands = '\''}});
    }
    Numbers plain = numbers_of(forms[0]);
    if (plain.others == 0) return plain;
    for (size_t i = 0, count = forms.size(); i < count; ++i) {
      forms.push_back(forms[i]);
      forms.back().percent = true;
    }
    std::vector<std::string_view> cells;  // others, and as many plain numbers
    for (const int64_t row : plain.other_rows) cells.push_back(text(row));
    for (size_t i = 0, taken = 0; i < rows.size() && taken < looked_at && !plain.values.empty(); ++i)
      if (const std::string_view cell = text(rows[i]); cell_number(cell, forms[0])) {
        cells.push_back(cell);
        ++taken;
      }
    size_t best = 0;
    int64_t most = 0;
    for (size_t i = 0; i < forms.size(); ++i)
      if (const auto count =
              std::ranges::count_if(cells, [&](auto cell) { return cell_number(cell, forms[i]).has_value(); });
          count > most) {
        best = i;
        most = count;
      }
    return best == 0 ? plain : numbers_of(forms[best]);
  }

  // Refuses what a float cannot hold.
  void check_range(const Numbers& numbers) const {
    constexpr double most = std::numeric_limits<float>::max();
    if (std::ranges::none_of(numbers.values, [](double value) { return std::abs(value) > most; })) return;
    for (const int64_t row : rows)
      if (const auto value = cell_number(text(row), numbers.form); value && std::abs(*value) > most)
        fail_cell(parts, row, index, float_expected, parts.cell(row, index),
                  "add it to 'missing' if it stands for no value");
  }

  // How often each category is there: numbers by their value before all others, those by their bytes.
  std::vector<std::pair<std::string, int64_t>> counts() const {
    const MissingWords missing(parts.spec, false);
    std::unordered_map<std::string_view, int64_t> counts;
    for (const int64_t row : rows)
      if (const std::string_view cell = text(row); !missing.contains(cell)) ++counts[cell];
    struct Category {
      double number;
      std::string_view text;
      int64_t count;
      auto operator<=>(const Category&) const = default;
    };
    std::vector<Category> sorted;
    for (const auto& [cell, count] : counts)
      sorted.push_back({cell_number(cell).value_or(std::numeric_limits<double>::infinity()), cell, count});
    std::ranges::sort(sorted, [](const Category& a, const Category& b) {
      return std::tie(a.number, a.text) < std::tie(b.number, b.text);
    });
    std::vector<std::pair<std::string, int64_t>> out;
    for (const Category& category : sorted) out.emplace_back(category.text, category.count);
    return out;
  }
};

// Collects what is likely meant otherwise.
class Fitter {
 public:
  Fitter(const TableParts& parts, std::span<const int64_t> rows, std::vector<Problem>& warnings)
      : parts_(parts), rows_(rows), warnings_(warnings) {}

  FittedTable fit() {
    FittedTable fitted{.names = parts_.names};
    for (size_t i = 0; i < parts_.names.size(); ++i) {
      const std::string& name = parts_.names[i];
      const auto said = parts_.spec.columns.find(name);
      const ColumnSpec spec = said == parts_.spec.columns.end() ? ColumnSpec{} : said->second;
      const auto column = [&](const std::string& strip) {
        return Column{.parts = parts_, .index = static_cast<int64_t>(i), .strip = strip, .rows = rows_};
      };
      if (name == parts_.spec.target.column) {
        fitted.target = fit_target(column(parts_.spec.target.strip));
      } else if (spec.type == "ignore") {
        left_out_.push_back(concat("column '", name, "' is declared 'ignore'"));
      } else if (name.empty() && i == 0 && said == parts_.spec.columns.end()) {
        left_out_.push_back("the first column has no name");
        warn(parts_.text->first_where(), "the first column has no name: it is taken for the rows' names and left out",
             "give it a name in the header to use it");
      } else if (FittedColumn input = fit_input(column(spec.strip), spec);
                 !input.is_number() && input.categories.empty()) {
        left_out_.push_back(
            parts_.spec.min_count > 1
                ? concat("'min_count: ", parts_.spec.min_count, "' leaves column '", name, "' no category")
                : concat("column '", name, "' has no value in the training part"));
        warn(parts_.text->first_where(), left_out_.back() + "; it is left out",
             concat("write 'columns: {", name, ": ignore}'"));
      } else {
        fitted.columns.push_back(std::move(input));
      }
    }
    if (fitted.columns.empty()) {
      left_out_.push_back(concat("column '", parts_.spec.target.column, "' is the target"));
      throw Error(Exit::usage, Problem{.where = parts_.where,
                                       .what = concat("no column of '", parts_.text->path().filename().string(),
                                                      "' is left as input"),
                                       .notes = left_out_,
                                       .help = "leave one column in at least"});
    }
    return fitted;
  }

 private:
  void warn(Where where, std::string what, std::string help) {
    warnings_.push_back({.where = std::move(where), .what = std::move(what), .help = std::move(help)});
  }

  // Of a number's form that nobody wrote down.
  void warn_of_form(const Column& column, const Numbers& numbers) {
    const NumberForm& form = numbers.form;
    const TableSpec& spec = parts_.spec;
    if (spec.decimal || spec.thousands || (form.decimal == '.' && form.thousands == 0)) return;
    for (const int64_t row : rows_) {
      const std::string_view cell = column.text(row);
      NumberForm plain;
      plain.percent = form.percent;
      const auto value = cell_number(cell, form);
      if (!value || cell_number(cell, plain)) continue;
      const std::string written =
          concat(form.decimal != '.' ? "decimal: \",\"" : "", form.decimal != '.' && form.thousands ? ", " : "",
                 form.thousands ? concat("thousands: \"", form.thousands, "\"") : "");
      NumberForm other{.decimal = form.decimal == '.' ? ',' : '.', .thousands = form.decimal == '.' ? '\0' : ','};
      other.percent = form.percent;
      const bool both = cell_number(cell, other).has_value();
      warn(parts_.cell_where(row, column.index),
           concat("column '", column.name(), "': '", shortened(cell), "' is read as ", number_text(*value)),
           concat("write '", written, "' if it is so",
                  both ? concat(", '", form.decimal == '.' ? "decimal" : "thousands", ": \",\"' if not") : ""));
      return;
    }
  }

  // Of words among numbers that are read as missing values though nobody said so.
  void warn_of_words(const Column& column, const Numbers& numbers) {
    if (parts_.spec.missing || numbers.values.size() == rows_.size()) return;
    const MissingWords missing(parts_.spec, true);
    std::vector<int64_t> words;
    for (const int64_t row : rows_)
      if (const std::string_view cell = column.text(row); !cell.empty() && cell != "?" && missing.contains(cell))
        words.push_back(row);
    if (words.empty()) return;
    const auto count = static_cast<int64_t>(words.size());
    warn(parts_.cell_where(words[0], column.index),
         concat("column '", column.name(), "': ", shown(column, words), count == 1 ? " is" : " are",
                " read as missing, in ", count_of(count, "row"), " of ", rows_.size()),
         "write 'missing:' with the words that stand for no value");
  }

  std::string shown(const Column& column, const std::vector<int64_t>& rows) const {
    std::vector<std::string> words;
    for (const int64_t row : rows) {
      std::string word = concat("'", shortened(column.text(row), 24), "'");
      if (std::ranges::count(words, word) == 0) words.push_back(std::move(word));
      if (words.size() == 3) break;
    }
    return join(words);
  }

  FittedColumn fit_input(const Column& column, const ColumnSpec& spec) {
    FittedColumn fitted{.name = column.name(), .strip = spec.strip};
    if (!spec.fill.is_null()) fitted.fill = spec.fill.as_string().value_or(spec.fill.text);
    if (spec.type ? *spec.type == "numeric" : !spec.as) {
      Numbers numbers = column.numbers();
      if (spec.type && numbers.others > 0)
        fail_cell(parts_, numbers.other_rows[0], column.index, "a number", column.text(numbers.other_rows[0]),
                  "add it to 'missing' if it stands for no value, or declare the column 'categorical'");
      if (spec.type || numbers.are_all()) {
        column.check_range(numbers);
        warn_of_form(column, numbers);
        warn_of_words(column, numbers);
        fit_numeric(fitted, std::move(numbers), spec);
        return fitted;
      }
      fit_categories(fitted, column, spec);
      if (numbers.are_most())
        warn(
            parts_.cell_where(numbers.other_rows[0], column.index),
            concat("column '", column.name(), "': ", numbers.values.size(), " of ",
                   numbers.values.size() + static_cast<size_t>(numbers.others), " cells are numbers, but not ",
                   shown(column, numbers.other_rows), "; all are taken as categories"),
            "mend the cells, or add them to 'missing' if they stand for no value, or declare the column 'categorical'");
      else
        warn_of_many(fitted, column);
      return fitted;
    }
    fit_categories(fitted, column, spec);
    return fitted;
  }

  void fit_numeric(FittedColumn& fitted, Numbers numbers, const ColumnSpec& spec) {
    fitted.kind = "numeric";
    set_form(fitted, numbers.form);
    if (!fitted.fill) {
      fitted.fill = number_fill(numbers, spec.impute.value_or(parts_.spec.impute));
    } else if (const auto value = cell_number(*fitted.fill); value && std::isfinite(*value)) {
      fitted.fill = number_text(*value);
    } else {
      throw Error(Exit::usage, Problem{.where = parts_.where,
                                       .what = concat("column '", fitted.name, "': expected a number as 'fill', got '",
                                                      *fitted.fill, "'")});
    }
    fit_scale(fitted, std::move(numbers.values), spec.normalize.value_or(parts_.spec.normalize));
  }

  void fit_categories(FittedColumn& fitted, const Column& column, const ColumnSpec& spec) {
    fitted.kind = spec.as.value_or("one_hot");
    const auto counts = column.counts();
    size_t bytes = 0;
    for (const auto& [category, count] : counts)
      if (count >= parts_.spec.min_count) {
        fitted.categories.push_back(category);
        bytes += category.size() + 10;
      }
    if (bytes > most_category_bytes)
      throw Error(Exit::usage, Problem{.where = parts_.where,
                                       .what = concat("column '", column.name(), "' has ", fitted.categories.size(),
                                                      " categories, more than a run keeps"),
                                       .help = concat("write 'columns: {", column.name(),
                                                      ": ignore}', or a 'min_count' for rare ones")});
    if (spec.impute == "most_frequent" && !counts.empty())
      fitted.fill = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; })->first;
    const MissingWords missing(parts_.spec, false);
    fitted.missing_category =
        !fitted.fill && std::ranges::any_of(rows_, [&](int64_t row) { return missing.contains(column.text(row)); });
  }

  // Of categories that nearly all differ.
  void warn_of_many(const FittedColumn& fitted, const Column& column) {
    const size_t kinds = fitted.categories.size();
    if (kinds < 20 || 2 * kinds <= rows_.size()) return;
    const auto with_digits = std::ranges::count_if(
        fitted.categories, [](const std::string& text) { return text.find_first_of("0123456789") < 3; });
    const bool look_like_numbers = 10 * static_cast<size_t>(with_digits) > 9 * kinds;
    warn(parts_.cell_where(rows_[0], column.index),
         concat("column '", column.name(), "' has ", kinds, " categories in ", rows_.size(),
                " rows, each a place in 'x': ", shown(column, {rows_.begin(), rows_.begin() + 3}), ", …"),
         concat(look_like_numbers ? "write them as plain numbers (see 'strip', 'decimal' and 'thousands'), or '"
                                  : "write '",
                "columns: {", column.name(), ": ignore}', or ': categorical' if they are meant so"));
  }

  FittedColumn fit_target(const Column& column) {
    const TargetSpec& spec = parts_.spec.target;
    FittedColumn fitted{.name = spec.column, .strip = spec.strip};
    Numbers numbers;
    if (spec.as ? *spec.as == "value" : parts_.classes.empty()) {
      numbers = column.numbers();
      if (numbers.others > 0 && (spec.as || numbers.are_most()))
        fail_cell(parts_, numbers.other_rows[0], column.index, "a number", column.text(numbers.other_rows[0]),
                  concat("take the row out, or write 'target: {column: ", spec.column,
                         ", as: class}' if all are names of classes"));
    }
    if (spec.as == "value" || numbers.are_all()) {
      fitted.kind = "value";
      column.check_range(numbers);
      warn_of_form(column, numbers);
      set_form(fitted, numbers.form);
      fit_scale(fitted, std::move(numbers.values), spec.normalize);
      return fitted;
    }
    fitted.kind = "class";
    fitted.categories = parts_.classes;
    if (!fitted.categories.empty()) return fitted;
    size_t bytes = 0;
    for (const auto& [category, count] : column.counts()) {
      fitted.categories.push_back(category);
      bytes += category.size() + 10;
    }
    if (bytes > most_category_bytes)
      throw Error(Exit::usage, Problem{.where = parts_.where,
                                       .what = concat("the target '", spec.column, "' has ", fitted.categories.size(),
                                                      " classes, more than a run keeps"),
                                       .help = "name a target with fewer"});
    if (const size_t kinds = fitted.categories.size(); kinds >= 20 && 2 * kinds > rows_.size())
      warn(parts_.cell_where(rows_[0], column.index),
           concat("the target '", spec.column, "' has ", kinds, " classes in ", rows_.size(),
                  " rows: ", shown(column, {rows_.begin(), rows_.begin() + 3}), ", …"),
           "name a column of few classes, or of numbers, as 'target'");
    return fitted;
  }

  static void set_form(FittedColumn& fitted, const NumberForm& form) {
    fitted.decimal = std::string(1, form.decimal);
    fitted.thousands = form.thousands ? std::string(1, form.thousands) : "";
    fitted.percent = form.percent;
  }

  static double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  }

  static double median(std::vector<double> values) {
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return values.size() % 2 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
  }

  // The text of a plain number.
  static std::string number_fill(const Numbers& numbers, const std::string& impute) {
    const std::vector<double>& values = numbers.values;
    if (values.empty()) return "0";
    if (impute == "median") return number_text(median(values));
    if (impute != "most_frequent") return number_text(mean(values));
    std::map<double, int64_t> counts;
    for (const double value : values) ++counts[value];
    return number_text(std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; })->first);
  }

  static void fit_scale(FittedColumn& fitted, std::vector<double> values, const std::string& normalize) {
    fitted.log = normalize == "log";
    if (fitted.log)
      for (double& value : values) value = signed_log(value);
    if (normalize == "none" || values.empty()) return;
    const auto [least, most] = std::ranges::minmax(values);
    if (normalize == "minmax") {
      fitted.shift = least;
      fitted.scale = most - least;
    } else if (least == most) {
      fitted.shift = least;
      fitted.scale = 0;
    } else {
      fitted.shift = mean(values);
      double squares = 0;
      for (const double value : values) squares += (value - fitted.shift) * (value - fitted.shift);
      fitted.scale = std::sqrt(squares / static_cast<double>(values.size()));
    }
    // What differs by rounding only is one value.
    const double rounding = 8 * std::numeric_limits<double>::epsilon() * std::max(std::abs(least), std::abs(most));
    if (!(most - least > rounding)) fitted.scale = 1;
  }

  const TableParts& parts_;
  const std::span<const int64_t> rows_;
  std::vector<Problem>& warnings_;
  std::vector<std::string> left_out_;  // columns that are no input, and why
};

}  // namespace

FittedTable fit_table(const TableParts& parts, std::span<const int64_t> rows, std::vector<Problem>& warnings) {
  for (const auto& [name, spec] : parts.spec.columns) expect_column(parts, name);
  return Fitter(parts, rows, warnings).fit();
}

bool target_is_class(const TableParts& parts, std::span<const int64_t> rows) {
  const TargetSpec& target = parts.spec.target;
  if (target.as || !parts.classes.empty()) return target.as.value_or("class") == "class";
  const auto index = std::ranges::find(parts.names, target.column) - parts.names.begin();
  return !Column{.parts = parts, .index = index, .strip = target.strip, .rows = rows}.numbers().are_all();
}

}  // namespace dl
