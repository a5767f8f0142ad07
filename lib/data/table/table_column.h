// One column of a table in the rows that it is fitted to: its cells as numbers, and as categories.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "lib/data/table/row_choice.h"
#include "lib/data/table/table_cells.h"

namespace dl {

// Numbers in order: a list of them, or the first cells of a column that was kept.
class NumberSequence {
 public:
  NumberSequence() = default;
  explicit NumberSequence(std::vector<double> numbers) : size_(numbers.size()), numbers_(std::move(numbers)) {}
  NumberSequence(const KeptColumn& column, int64_t count) : size_(static_cast<size_t>(count)), column_(&column) {}
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::vector<double> all() const;

  // Numbers that lie well in a cache, `copy` or those themselves: as many from the one at `at` on, or all that follow.
  static constexpr size_t block_size = 512;
  using Block = std::array<double, block_size>;
  std::span<const double> block(size_t at, Block& copy) const {
    const size_t count = std::min(block_size, size_ - at);
    if (!column_) return {numbers_.data() + at, count};
    column_->copy_cells(static_cast<int64_t>(at), {copy.data(), count});
    return {copy.data(), count};
  }
  // Calls f(block) with one after another.
  template <class F>
  void each_block(F f) const {
    while_block([&](std::span<const double> block) { return f(block), true; });
  }
  // The same for as long as it returns true.
  template <class F>
  void while_block(F f) const {
    Block copy;
    for (size_t at = 0; at < size_; at += block_size)
      if (!f(block(at, copy))) return;
  }

 private:
  size_t size_ = 0;
  std::vector<double> numbers_;
  const KeptColumn* column_ = nullptr;
};

// What passes over a column's numbers tell.
struct NumberSpread {
  double least = 0, most = 0, mean = 0;
  std::optional<double> deviation;  // where it was asked for
};

// The cells of a column as numbers of one form.
struct ColumnNumbers {
  NumberForm form;
  NumberSequence values;               // of the cells that are numbers
  std::optional<NumberSpread> spread;  // of them, where it is known
  int64_t others = 0;                  // cells that are there and no numbers
  std::vector<int64_t> other_rows;     // of them the first
  bool are_all() const { return others == 0 && !values.empty(); }
  bool are_most() const;  // as in a column that is meant to be one of numbers
};

struct TableColumn {
  const TableParts& parts;
  int64_t index;
  std::string strip;
  RowChoice rows;
  std::optional<NumberSpread> spread = {};  // of kept_numbers(), where it is known

  std::string_view text(int64_t row) const { return stripped(parts.cell(row, index), strip); }
  const std::string& name() const { return parts.names[static_cast<size_t>(index)]; }

  // In the form in which the most cells are numbers; the first of several.
  ColumnNumbers numbers() const;
  ColumnNumbers numbers_of(const NumberForm& form) const;
  // Where all cells are kept as numbers of that form, one after another.
  std::optional<NumberSequence> kept_numbers(const NumberForm& form) const;
  // Calls take(row, what) for each row. What its text is taken for, of_text(text) says, and of_number(value) where it
  // is a plain number that is kept without its text: only with a `form` of numbers that such a one has too.
  template <class OfText, class OfNumber, class Take>
  void each(const std::optional<NumberForm>& form, OfText of_text, OfNumber of_number, Take take) const {
    const KeptColumn* const kept = kept_as(form);
    if (!kept) {
      for (const int64_t row : rows) take(row, of_text(text(row)));
      return;
    }
    std::vector<decltype(of_text(std::string_view()))> words;
    words.reserve(kept->words.size());
    for (const std::string& word : kept->words) words.push_back(of_text(stripped(word, strip)));
    for (const int64_t row : rows) {
      const double cell = kept->cell(row);
      if (KeptCell::is_word(cell))
        take(row, words[KeptCell::word(cell)]);
      else
        take(row, of_number(cell));
    }
  }
  template <class OfText, class Take>
  void each(OfText of_text, Take take) const {
    using What = decltype(of_text(std::string_view()));
    each(
        {}, of_text, [](double) { return What(); }, take);
  }
  // The column as it was kept; null where its text is needed: numbers are of one form only as they were kept.
  const KeptColumn* kept_as(const std::optional<NumberForm>& form) const;

  // How often each category is there: numbers by their value before all others, those by their bytes.
  std::vector<std::pair<std::string, int64_t>> categories() const;
  bool has(const MissingWords& missing) const;

 private:
  std::vector<int64_t> word_counts(const KeptColumn& kept) const;  // of a column of words alone
  void count_others(const KeptColumn& kept, const std::vector<bool>& are_others, ColumnNumbers& found) const;
};

}  // namespace dl
