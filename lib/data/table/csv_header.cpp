// Where the rows of a CSV file begin, and whether the first one names the columns.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_delimiter.h"
#include "lib/data/table/csv_text.h"

namespace dl {

// Where the first row begins; knows the delimiter after that.
uint64_t CsvText::begin_of_rows(const CsvForm& form) {
  uint64_t at = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const std::string_view text = text_;
  const auto line_at = [&](uint64_t from) { return text.substr(from, text.find('\n', from) - from); };
  std::optional<char> delimiter = form.delimiter;
  if (const std::string_view line = trim(line_at(at)); line.size() == 5 && line.starts_with("sep=")) {
    at += line_at(at).size() + 1;
    if (!delimiter) delimiter = line[4];
  }
  for (int64_t i = 0; i < form.skip && at < text.size(); ++i) at += line_at(at).size() + 1;
  at = std::min<uint64_t>(at, text.size());
  std::vector<std::string_view> lines;
  for (uint64_t from = at;
       !delimiter && from < text.size() && from - at < head_bytes && std::ssize(lines) < head_rows;) {
    std::string_view line = line_at(from);
    // A line whose quotes are not closed goes on in the next.
    while (std::ranges::count(line, '"') % 2 && from + line.size() < std::min(text.size(), at + head_bytes))
      line = text.substr(from, line.size() + 1 + line_at(from + line.size() + 1).size());
    from += line.size() + 1;
    const bool is_comment = !form.comment.empty() && line.starts_with(form.comment);
    if (!is_comment && !trim(line).empty()) lines.push_back(line.substr(0, line.find_last_not_of('\r') + 1));
  }
  delimiter_ = delimiter ? *delimiter : recognised_delimiter(lines);
  return at;
}

bool CsvText::first_row_has_numbers() const {
  return std::any_of(cells_.begin(), cells_.begin() + first_cells_, [&](const Cell& cell) {
    return cell_number(std::string_view(text_).substr(cell.begin, cell.bytes)).has_value();
  });
}

bool CsvText::begins_as_row(const CsvForm& form) const { return form.begins_row && form.begins_row(cell(0, 0)); }

CsvText::FirstRow CsvText::first_row() const {
  FirstRow found;
  for (int64_t c = 0; c < columns_; ++c) {
    const std::string_view first = cell(0, c);
    bool numeric = false, again = false;
    for (int64_t row = 1; row < std::min(rows_, head_rows); ++row) {
      const std::string_view below = cell(row, c);
      again = again || below == first;
      if (is_missing_word(below)) continue;
      numeric = may_be_number(below);
      if (!numeric) break;
    }
    found.repeated += again && !first.empty();
    if (is_missing_word(first)) continue;
    const bool is_number_itself = may_be_number(first);
    found.above_numbers += numeric && !is_number_itself;
    found.numbers += (numeric || rows_ == 1) && is_number_itself;
  }
  return found;
}

bool CsvText::first_row_is_header(const CsvForm& form) const {
  int64_t names = 0;
  for (int64_t c = 0; c < columns_; ++c) names += std::ranges::count(form.names, cell(0, c)) > 0;
  if (2 * names > columns_) return true;
  if (begins_as_row(form)) return false;
  const FirstRow found = first_row();
  if (found.above_numbers > 0 || found.numbers > 0) return found.above_numbers > 0;
  return form.names.empty() && found.repeated == 0;
}

bool CsvText::names_stand_above_numbers() const {
  const FirstRow found = first_row();
  return !has_header() && found.above_numbers > 0 && found.numbers == 0;
}

// The first row is no row but names the others' columns.
void CsvText::take_header(bool is_short) {
  for (int64_t c = 0; c < first_cells_; ++c) names_.emplace_back(cell(0, c));
  begin_ = static_cast<size_t>(first_cells_);
  indexed_rows_ = --rows_;
  const bool last_is_empty = [&] {
    for (int64_t row = 0; row < rows_; ++row)
      if (!cell(row, stride_ - 1).empty()) return false;
    return true;
  }();
  if (last_is_empty && stride_ > 1 && (is_short || names_.back().empty())) {
    columns_ = stride_ - 1;
    names_.resize(static_cast<size_t>(columns_));
  } else if (is_short) {
    names_.insert(names_.begin(), "");
  }
}

}  // namespace dl
