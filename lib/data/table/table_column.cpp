// Numbers and categories of a column.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_column.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "lib/data/table/table_cells.h"

namespace dl {
namespace {

constexpr size_t looked_at = 500;  // cells by which a column's form of numbers is recognised

// The forms that numbers may have, the likeliest first: as the spec says, or as is usual beside the delimiter.
std::vector<NumberForm> forms_of(const TableParts& parts) {
  const TableSpec& spec = parts.spec;
  if (spec.decimal || spec.thousands)
    return {{.decimal = spec.decimal.value_or(".")[0], .thousands = spec.thousands ? (*spec.thousands)[0] : '\0'}};
  std::vector<NumberForm> forms{{}, {.thousands = ','}, {.decimal = ','}};
  if (parts.text->delimiter() != ',') std::swap(forms[1], forms[2]);
  forms.insert(forms.end(), {{.decimal = ',', .thousands = '.'},
                             {.decimal = ',', .thousands = ' '},
                             {.thousands = ' '},
                             {.thousands = '\''}});
  return forms;
}

}  // namespace

std::vector<double> NumberSequence::all() const {
  std::vector<double> numbers;
  numbers.reserve(size_);
  each_block([&](std::span<const double> block) { numbers.insert(numbers.end(), block.begin(), block.end()); });
  return numbers;
}

bool ColumnNumbers::are_most() const {
  return values.size() >= 5 && double(values.size()) >= 0.8 * double(values.size() + size_t(others));
}

const KeptColumn* TableColumn::kept_as(const std::optional<NumberForm>& form) const {
  const KeptColumn* const kept = parts.kept(index);
  if (!kept || !kept->has_numbers) return kept;
  const bool strips_numbers = strip.find_first_of("0123456789.fFyY") != std::string::npos;  // what one may end with
  return form == NumberForm() && !strips_numbers ? kept : nullptr;
}

std::optional<NumberSequence> TableColumn::kept_numbers(const NumberForm& form) const {
  const KeptColumn* const kept = kept_as(form);
  if (!kept || !kept->words.empty() || !rows.count_up()) return {};
  return NumberSequence(*kept, rows.size());
}

ColumnNumbers TableColumn::numbers_of(const NumberForm& form) const {
  ColumnNumbers found{.form = form};
  if (auto kept = kept_numbers(form)) {
    found.values = *std::move(kept);
    found.spread = spread;
    return found;
  }
  const MissingWords missing(parts.spec, true);
  if (const KeptColumn* const kept = kept_as(form); kept && !kept->has_numbers) {
    std::vector<bool> are_others;
    bool has_numbers = false;
    for (const std::string& word : kept->words) {
      const std::string_view text = stripped(word, strip);
      are_others.push_back(!missing.contains(text));
      has_numbers = has_numbers || (are_others.back() && cell_number(text, form));
    }
    if (!has_numbers) {
      count_others(*kept, are_others, found);
      return found;
    }
  }
  struct Cell {
    bool missing = false;
    std::optional<double> number;
  };
  std::vector<double> values;
  values.reserve(static_cast<size_t>(rows.size()));
  each(
      form,
      [&](std::string_view text) {
        const bool is_missing = missing.contains(text);
        return Cell{is_missing, is_missing ? std::nullopt : cell_number(text, form)};
      },
      [](double number) {
        return Cell{false, number};
      },
      [&](int64_t row, const Cell& cell) {
        if (cell.missing) return;
        if (cell.number) {
          values.push_back(*cell.number);
        } else {
          if (found.other_rows.size() < looked_at) found.other_rows.push_back(row);
          ++found.others;
        }
      });
  found.values = NumberSequence(std::move(values));
  return found;
}

// Of a column of words alone, none of which is a number.
void TableColumn::count_others(const KeptColumn& kept, const std::vector<bool>& are_others,
                               ColumnNumbers& found) const {
  const std::vector<int64_t> counts = word_counts(kept);
  for (size_t i = 0; i < counts.size(); ++i) found.others += are_others[i] ? counts[i] : 0;
  const auto most = std::min(looked_at, static_cast<size_t>(found.others));
  for (int64_t i = 0; found.other_rows.size() < most; ++i)
    if (are_others[KeptCell::word(kept.cell(rows[i]))]) found.other_rows.push_back(rows[i]);
}

std::vector<int64_t> TableColumn::word_counts(const KeptColumn& kept) const {
  std::vector<int64_t> counts(kept.words.size());
  for (const int64_t row : rows) ++counts[KeptCell::word(kept.cell(row))];
  return counts;
}

ColumnNumbers TableColumn::numbers() const {
  std::vector<NumberForm> forms = forms_of(parts);
  ColumnNumbers plain = numbers_of(forms[0]);
  if (plain.others == 0) return plain;
  for (size_t i = 0, count = forms.size(); i < count; ++i) {
    forms.push_back(forms[i]);
    forms.back().percent = true;
  }
  std::vector<std::string_view> cells;  // others, and as many plain numbers
  for (const int64_t row : plain.other_rows) cells.push_back(text(row));
  for (size_t i = 0, taken = 0; i < static_cast<size_t>(rows.size()) && taken < looked_at && !plain.values.empty(); ++i)
    if (const std::string_view cell = text(rows[static_cast<int64_t>(i)]); cell_number(cell, forms[0])) {
      cells.push_back(cell);
      ++taken;
    }
  const auto best = std::ranges::max_element(forms, {}, [&](const NumberForm& form) {
    return std::ranges::count_if(cells, [&](auto cell) { return cell_number(cell, form).has_value(); });
  });
  return best == forms.begin() ? std::move(plain) : numbers_of(*best);
}

std::vector<std::pair<std::string, int64_t>> TableColumn::categories() const {
  const MissingWords missing(parts.spec, false);
  std::unordered_map<std::string_view, int64_t> counts;
  if (const KeptColumn* const kept = kept_as({})) {
    const std::vector<int64_t> of_words = word_counts(*kept);
    for (size_t i = 0; i < of_words.size(); ++i)
      if (const std::string_view word = stripped(kept->words[i], strip); of_words[i] > 0 && !missing.contains(word))
        counts[word] += of_words[i];
  } else {
    for (const int64_t row : rows)
      if (const std::string_view cell = text(row); !missing.contains(cell)) ++counts[cell];
  }
  std::map<std::pair<double, std::string_view>, int64_t> sorted;
  for (const auto& [cell, count] : counts)
    sorted[{cell_number(cell).value_or(std::numeric_limits<double>::infinity()), cell}] = count;
  std::vector<std::pair<std::string, int64_t>> out;
  for (const auto& [category, count] : sorted) out.emplace_back(category.second, count);
  return out;
}

bool TableColumn::has(const MissingWords& missing) const {
  if (const KeptColumn* const kept = kept_as({})) {
    const auto is_missing = [&](const std::string& word) { return missing.contains(stripped(word, strip)); };
    if (std::ranges::none_of(kept->words, is_missing)) return false;
  }
  bool found = false;
  each([&](std::string_view text) { return missing.contains(text); },
       [&](int64_t, bool is_missing) { found = found || is_missing; });
  return found;
}

}  // namespace dl
