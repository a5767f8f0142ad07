// Columns of cells that were read as numbers once: what is no plain number is a word, which is kept once.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/data/table/short_number.h"

namespace dl {

// A number, or the index of a word in its column, as the payload of a NaN: no cell is read as NaN.
class KeptCell {
 public:
  static double of_word(uint32_t index) { return std::bit_cast<double>(nan | index); }
  static bool is_word(double cell) { return cell != cell; }
  static uint32_t word(double cell) { return static_cast<uint32_t>(std::bit_cast<uint64_t>(cell)); }

 private:
  static constexpr uint64_t nan = uint64_t{0x7FF8} << 48;
};

// The same in four bytes: a number as its digits, so many of them behind the point; or a word's index.
class NarrowCell {
 public:
  static constexpr int most_decimals = 9;
  static constexpr uint32_t most_words = (1 << 17) - 1;
  static constexpr int32_t minus_zero = std::numeric_limits<int32_t>::min() + int32_t{most_words};
  static constexpr uint64_t most = -(int64_t{minus_zero} + 1);  // digits

  static int32_t of_word(uint32_t index) { return static_cast<int32_t>(lowest + index); }
  static bool is_number(int32_t code) { return code > minus_zero; }
  // Of one that is none: a word's index, or -0, which is no digits'.
  static bool is_word(int32_t code) { return code < minus_zero; }
  static uint32_t word(int32_t code) { return static_cast<uint32_t>(int64_t{code} - lowest); }
  // False where it has more digits than there is room for.
  static bool of_number(const ShortNumber& number, int decimals, int32_t& code) {
    static constexpr uint64_t tens[] = {1,       10,        100,        1'000,       10'000,
                                        100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
    if (number.behind > decimals || number.digits > most) return false;
    const uint64_t digits = number.digits * tens[decimals - number.behind];
    if (digits > most) return false;
    const auto whole = static_cast<int32_t>(digits);
    code = !number.negative ? whole : whole > 0 ? -whole : minus_zero;
    return true;
  }
  static double value(int32_t code, int decimals) {
    if (is_number(code)) return code / powers_of_ten[decimals];
    return is_word(code) ? KeptCell::of_word(word(code)) : -0.0;
  }

 private:
  static constexpr int64_t lowest = std::numeric_limits<int32_t>::min();
};

struct KeptColumn {
  std::unique_ptr<int32_t[]> narrow;  // cells, one a row, or null
  int decimals = 0;                   // of those
  std::unique_ptr<double[]> wide;     // the same where they do not fit in there
  std::vector<std::string> words;     // in the order in which they first come
  bool has_numbers = false;           // there are cells that are no words: their text is not kept
  bool is_kept = true;                // false: there are too many words to keep, and so no cells here

  // A KeptCell.
  double cell(int64_t row) const { return wide ? wide[row] : NarrowCell::value(narrow[row], decimals); }
  // Those of rows that follow each other.
  void copy_cells(int64_t begin, std::span<double> into) const;
  // The text of a cell that is a word; null for a number.
  const std::string* word(int64_t row) const {
    const double found = cell(row);
    return KeptCell::is_word(found) ? &words[KeptCell::word(found)] : nullptr;
  }
};

struct KeptCells {
  int64_t rows = 0;
  std::vector<KeptColumn> columns;
};

}  // namespace dl
