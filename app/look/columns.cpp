// Kinds of columns, and which of them is the target.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/columns.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "app/look/look.h"
#include "lib/base/text.h"
#include "lib/data/table/cell_number.h"

namespace dl {
namespace {

constexpr size_t most_kinds = 5000;

// In any of the forms that tables write numbers in.
std::optional<double> number_in_any_form(std::string_view cell) {
  static constexpr NumberForm forms[] = {{}, {.thousands = ','}, {.decimal = ','}, {.decimal = ',', .thousands = '.'}};
  for (NumberForm form : forms)
    for (const bool percent : {false, true}) {
      form.percent = percent;
      if (const auto number = cell_number(cell, form)) return number;
    }
  return {};
}

// 2016-07-01, 1.7.2016, 07/01/16 and with a time behind it.
bool is_date(std::string_view cell) {
  size_t digits = 0, parts = 0, at = 0;
  char separator = 0;
  for (; at <= cell.size(); ++at) {
    const char c = at < cell.size() ? cell[at] : ' ';
    if (c >= '0' && c <= '9') {
      if (++digits > 4) return false;
      continue;
    }
    if (digits == 0) return false;
    ++parts;
    digits = 0;
    if (parts == 3) return c == ' ' || c == 'T';
    if (c != '-' && c != '/' && c != '.') return false;
    if (separator != 0 && c != separator) return false;
    separator = c;
  }
  return false;
}

// How strongly a name says that it is what is to be predicted.
int target_score(const std::string& name) {
  static const std::set<std::string> exact{"target",  "label",    "labels",    "class",  "y",      "species",
                                           "outcome", "survived", "diagnosis", "churn",  "exited", "price",
                                           "quality", "default",  "category",  "output", "result", "response",
                                           "income",  "medv",     "variety"},
      inside{"target", "label",   "class",     "price", "outcome", "survived",
             "churn",  "species", "diagnosis", "value", "response"};
  const std::vector<std::string> words = words_of(name);
  if (words.size() == 1 && exact.contains(words[0])) return 2;
  return std::ranges::any_of(words, [](const std::string& word) { return inside.contains(word); }) ? 1 : 0;
}

bool is_id_name(const std::string& name) {
  static const std::set<std::string> ids{"id",       "ids",     "index", "idx",  "row",
                                         "rownames", "unnamed", "uuid",  "guid", "key"};
  const std::vector<std::string> words = words_of(name);
  return name.empty() || ids.contains(words.empty() ? std::string() : words.back()) ||
         (!words.empty() && (words[0] == "unnamed" || words[0] == "id"));
}

}  // namespace

std::vector<ColumnLook> columns_of(const CsvText& text, const std::vector<std::string>& names) {
  std::vector<ColumnLook> columns;
  for (int64_t c = 0; c < text.columns(); ++c) {
    ColumnLook column{.name = names[static_cast<size_t>(c)], .index = c, .rows = text.rows()};
    column.counts_up = true;
    double sum = 0, before = 0;
    for (int64_t row = 0; row < text.rows(); ++row) {
      const std::string_view cell = text.cell(row, c);
      if (is_missing_word(cell)) {
        ++column.missing;
        column.counts_up = false;
        continue;
      }
      if (const auto number = number_in_any_form(cell); number && std::isfinite(*number)) {
        column.least = column.numbers == 0 ? *number : std::min(column.least, *number);
        column.most = column.numbers == 0 ? *number : std::max(column.most, *number);
        column.counts_up &= column.numbers == 0 ? *number == 0 || *number == 1 : *number == before + 1;
        before = *number;
        sum += *number;
        ++column.numbers;
        column.whole += *number == std::floor(*number);
      } else if (is_date(cell)) {
        ++column.dates;
      }
      if (column.kinds.size() < most_kinds) {
        ++column.kinds[std::string(cell)];
      } else if (const auto known = column.kinds.find(std::string(cell)); known != column.kinds.end()) {
        ++known->second;
      } else {
        column.different = most_kinds + 1;
      }
    }
    column.different = std::max(column.different, static_cast<int64_t>(column.kinds.size()));
    if (column.numbers > 0) column.mean = sum / static_cast<double>(column.numbers);
    column.counts_up &= column.is_numeric() && column.numbers > 2;
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string why_ignored(const ColumnLook& column) {
  const int64_t present = column.present();
  if (present == 0) return "no cell has a value";
  if (column.different == 1 && column.missing == 0) return "all cells are the same";
  if (column.counts_up) return "it counts the rows";
  const bool all_different = column.different == present || column.different > static_cast<int64_t>(most_kinds);
  if (is_id_name(column.name) && column.whole == column.numbers && all_different && present > 2)
    return "by its name and values it is a key";
  if (column.is_numeric()) return {};
  if (2 * column.dates > present) return "it has dates, which are not read";
  if (present >= 20 && column.different * 10 > present * 9) return "nearly every cell is another text";
  if (column.different > std::max<int64_t>(20, std::min<int64_t>(present / 3, 500)))
    return concat("it has ",
                  column.different > static_cast<int64_t>(most_kinds) ? std::string("more than 5,000")
                                                                      : std::to_string(column.different),
                  " different texts");
  return {};
}

bool is_class_target(const ColumnLook& column) {
  if (!column.is_numeric()) return true;
  if (!column.is_whole()) return false;
  if (column.different <= 2) return true;
  return column.different <= 20 && column.different * 5 <= column.present();
}

size_t guessed_target(const std::vector<ColumnLook>& columns, bool has_header) {
  const auto usable = [](const ColumnLook& column) { return why_ignored(column).empty(); };
  if (has_header) {
    // One that is called so is meant, even if all its cells are the same; that is told then.
    for (size_t i = columns.size(); i-- > 0;)
      if (target_score(columns[i].name) == 2 && columns[i].different == 1) return i;
    for (const int wanted : {2, 1})
      for (size_t i = columns.size(); i-- > 0;)
        if (target_score(columns[i].name) == wanted && usable(columns[i])) return i;
  } else if (columns.size() > 2 && is_class_target(columns[0]) && !is_class_target(columns.back())) {
    // Labels first and numbers behind, as the UCR archive and some exports of MNIST have it.
    const bool all_numbers = std::all_of(columns.begin() + 1, columns.end(), [](const ColumnLook& column) {
      return column.is_numeric() && !column.is_whole();
    });
    if (all_numbers) return 0;
  }
  for (size_t i = columns.size(); i-- > 0;)
    if (usable(columns[i])) return i;
  return columns.size() - 1;
}

}  // namespace dl
