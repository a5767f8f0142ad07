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

bool ColumnNumbers::are_most() const {
  return values.size() >= 5 && double(values.size()) >= 0.8 * double(values.size() + size_t(others));
}

std::string_view TableColumn::text(int64_t row) const { return stripped(parts.cell(row, index), strip); }

ColumnNumbers TableColumn::numbers_of(const NumberForm& form) const {
  const MissingWords missing(parts.spec, true);
  ColumnNumbers found{.form = form};
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
  for (size_t i = 0, taken = 0; i < rows.size() && taken < looked_at && !plain.values.empty(); ++i)
    if (const std::string_view cell = text(rows[i]); cell_number(cell, forms[0])) {
      cells.push_back(cell);
      ++taken;
    }
  const auto best = std::ranges::max_element(forms, {}, [&](const NumberForm& form) {
    return std::ranges::count_if(cells, [&](auto cell) { return cell_number(cell, form).has_value(); });
  });
  return best == forms.begin() ? plain : numbers_of(*best);
}

std::vector<std::pair<std::string, int64_t>> TableColumn::categories() const {
  const MissingWords missing(parts.spec, false);
  std::unordered_map<std::string_view, int64_t> counts;
  for (const int64_t row : rows)
    if (const std::string_view cell = text(row); !missing.contains(cell)) ++counts[cell];
  std::map<std::pair<double, std::string_view>, int64_t> sorted;
  for (const auto& [cell, count] : counts)
    sorted[{cell_number(cell).value_or(std::numeric_limits<double>::infinity()), cell}] = count;
  std::vector<std::pair<std::string, int64_t>> out;
  for (const auto& [category, count] : sorted) out.emplace_back(category.second, count);
  return out;
}

}  // namespace dl
