// Warnings of columns.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_doubts.h"

#include <algorithm>
#include <unordered_map>

#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/table/table_cells.h"

namespace dl {
namespace {

// The first three different cells.
std::string shown(const TableColumn& column, RowChoice rows) {
  std::vector<std::string> words;
  for (const int64_t row : rows) {
    std::string word = concat("'", shortened(column.text(row), 24), "'");
    if (std::ranges::count(words, word) == 0) words.push_back(std::move(word));
    if (words.size() == 3) break;
  }
  return join(words);
}

Problem doubt(const TableColumn& column, int64_t row, std::string what, std::string help) {
  return {.where = column.parts.cell_where(row, column.index), .what = std::move(what), .help = std::move(help)};
}

void doubt_words(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings) {
  if (column.parts.spec.missing || std::ssize(numbers.values) == column.rows.size()) return;
  const MissingWords missing(column.parts.spec, true);
  std::vector<int64_t> words;
  column.each(
      numbers.form, [&](std::string_view cell) { return !cell.empty() && cell != "?" && missing.contains(cell); },
      [](double) { return false; },
      [&](int64_t row, bool is_word) {
        if (is_word) words.push_back(row);
      });
  if (words.empty()) return;
  const auto count = static_cast<int64_t>(words.size());
  warnings.push_back(
      doubt(column, words[0],
            concat("column '", column.name(), "': ", shown(column, RowChoice(words)), count == 1 ? " is" : " are",
                   " read as missing, in ", count_of(count, "row"), " of ", column.rows.size()),
            "write 'missing:' with the words that stand for no value"));
}

// Whether so many categories are more than a network learns anything of.
bool nearly_all_differ(const std::vector<std::string>& categories, const TableColumn& column) {
  return categories.size() >= 20 && 2 * std::ssize(categories) > column.rows.size();
}

}  // namespace

void doubt_form(const TableColumn& column, const NumberForm& form, std::vector<Problem>& warnings) {
  const TableSpec& spec = column.parts.spec;
  const bool comma = form.decimal != '.';
  if (spec.decimal || spec.thousands || (!comma && form.thousands == 0)) return;
  const NumberForm plain{.percent = form.percent};
  // In which such a cell may be a number too.
  const NumberForm other{.decimal = comma ? '.' : ',', .thousands = comma ? ',' : '\0', .percent = form.percent};
  for (const int64_t row : column.rows) {
    const std::string_view cell = column.text(row);
    const auto value = cell_number(cell, form);
    if (!value || cell_number(cell, plain)) continue;
    const std::string written = concat(comma ? "decimal: \",\"" : "", comma && form.thousands ? ", " : "",
                                       form.thousands ? concat("thousands: \"", form.thousands, "\"") : "");
    const std::string if_not =
        cell_number(cell, other) ? concat(", '", comma ? "thousands" : "decimal", ": \",\"' if not") : "";
    warnings.push_back(doubt(
        column, row, concat("column '", column.name(), "': '", shortened(cell), "' is read as ", number_text(*value)),
        concat("write '", written, "' if it is so", if_not)));
    return;
  }
}

void doubt_points(const TableColumn& column, const std::string& other, const std::string& meant,
                  std::vector<Problem>& warnings) {
  constexpr int64_t looked_at = 500;
  std::optional<int64_t> first;  // row
  for (const int64_t row : column.rows.first(looked_at)) {
    const std::string_view cell = column.text(row);
    if (cell.find('.') == std::string_view::npos || !cell_number(cell)) continue;
    if (cell.find_first_of("123456789") > cell.find('.') || !cell_number(cell, {.decimal = ',', .thousands = '.'}))
      return;
    if (!first) first = row;
  }
  if (!first) return;
  const std::string_view cell = column.text(*first);
  warnings.push_back(
      doubt(column, *first,
            concat("column '", column.name(), "': '", shortened(cell), "' is read as ", number_text(*cell_number(cell)),
                   ", beside decimal commas in '", other, "'"),
            concat("write 'decimal: \",\", thousands: \".\"' if it is ",
                   number_text(*cell_number(cell, {.decimal = ',', .thousands = '.'})), ", or ", meant)));
}

void doubt_missing(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings) {
  if (!column.parts.spec.missing) return;
  const MissingWords missing(column.parts.spec, true);
  for (const std::string& word : *column.parts.spec.missing) {
    const auto number = cell_number(word, numbers.form);
    bool occurs = false;
    numbers.values.each_block(
        [&](std::span<const double> block) { occurs = occurs || (number && std::ranges::count(block, *number) > 0); });
    if (!occurs) continue;
    for (const int64_t row : column.rows)
      if (const std::string_view text = column.text(row);
          !missing.contains(text) && cell_number(text, numbers.form) == number)
        return warnings.push_back(doubt(column, row,
                                        concat("column '", column.name(), "': '", shortened(text),
                                               "' is read as a number, though 'missing' has '", word, "'"),
                                        concat("add '", shortened(text), "' to 'missing' if it is none either")));
  }
}

void doubt_numbers(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings) {
  doubt_form(column, numbers.form, warnings);
  doubt_missing(column, numbers, warnings);
  doubt_words(column, numbers, warnings);
}

void doubt_row_numbers(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings) {
  constexpr size_t enough = 50;  // that it is not by chance
  if (numbers.values.size() < enough || std::ssize(numbers.values) != column.rows.size()) return;
  double first = 0;
  int64_t i = 0;
  bool counts = true;
  numbers.values.while_block([&](std::span<const double> block) {
    for (const double value : block) {
      const double of_first_row = value - static_cast<double>(column.rows[i]);
      if (i++ == 0) first = of_first_row;
      counts = counts && of_first_row == first;
    }
    return counts;
  });
  if (counts)
    warnings.push_back(doubt(column, column.rows[0],
                             concat("column '", column.name(), "' counts the rows, from ", number_text(first),
                                    " on: it says where a row stands in the file"),
                             concat("write 'columns: {", column.name(),
                                    ": ignore}', or ': numeric' if the place says something of new rows too")));
}

void doubt_categories(const TableColumn& column, const ColumnNumbers& numbers,
                      const std::vector<std::string>& categories, std::vector<Problem>& warnings) {
  if (numbers.are_most()) {
    warnings.push_back(doubt(
        column, numbers.other_rows[0],
        concat("column '", column.name(), "': ", numbers.values.size(), " of ",
               numbers.values.size() + static_cast<size_t>(numbers.others), " cells are numbers, but not ",
               shown(column, RowChoice(numbers.other_rows)), "; all are taken as categories"),
        "mend the cells, or add them to 'missing' if they stand for no value, or declare the column 'categorical'"));
  } else if (nearly_all_differ(categories, column)) {
    const auto with_digits =
        std::ranges::count_if(categories, [](const std::string& text) { return text.find_first_of("0123456789") < 3; });
    const bool are_dates = std::ranges::all_of(categories, looks_like_a_date);
    const bool look_like_numbers = 10 * static_cast<size_t>(with_digits) > 9 * categories.size();
    warnings.push_back(
        doubt(column, column.rows[0],
              concat("column '", column.name(), "' has ", categories.size(), " categories in ", column.rows.size(),
                     " rows, each a place in 'x': ", shown(column, column.rows.first(3)), ", …"),
              concat(are_dates           ? concat("write 'columns: {", column.name(), ": date}', or '")
                     : look_like_numbers ? "write them as plain numbers (see 'strip', 'decimal' and 'thousands'), or '"
                                         : "write '",
                     "columns: {", column.name(), ": ignore}', or ': categorical' if they are meant so")));
  }
}

void doubt_classes(const TableColumn& target, const std::vector<std::string>& classes, std::vector<Problem>& warnings) {
  if (!nearly_all_differ(classes, target)) return;
  warnings.push_back(doubt(target, target.rows[0],
                           concat("the target '", target.name(), "' has ", classes.size(), " classes in ",
                                  target.rows.size(), " rows: ", shown(target, target.rows.first(3)), ", …"),
                           "name a column of few classes, or of numbers, as 'target'"));
}

// The same number, or apart by case and blanks only. Of single letters both may well be meant.
void doubt_alike(const TableColumn& column, const std::vector<std::string>& categories, bool are_classes,
                 std::vector<Problem>& warnings) {
  constexpr size_t exact_digits = 15;  // that a double tells apart
  std::unordered_map<std::string, const std::string*> seen;
  for (const std::string& category : categories) {
    const auto number = category.size() <= exact_digits ? cell_number(category) : std::nullopt;
    std::string plain = number ? number_text(*number) : lower(typewritten(category).value_or(category));
    std::erase(plain, ' ');
    if (!number && plain.size() < 2) continue;
    const auto [other, is_first] = seen.emplace(std::move(plain), &category);
    if (is_first) continue;
    for (const int64_t row : column.rows)
      if (column.text(row) == category)
        return warnings.push_back(
            doubt(column, row,
                  concat(are_classes ? "the target '" : "column '", column.name(), "': '", shortened(*other->second),
                         "' and '", shortened(category), "' are different ", are_classes ? "classes" : "categories"),
                  "write them alike where they mean the same"));
  }
}

}  // namespace dl
