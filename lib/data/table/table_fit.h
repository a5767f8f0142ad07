// Fitting a table's columns to some of its rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <span>

#include "lib/data/table/table.h"

namespace dl {

// A cell's text without what `strip` takes off its end.
std::string_view stripped(std::string_view text, const std::string& strip);
// sign(x) log(1 + |x|)
double signed_log(double x);

// A column that the table has not is an Error(Exit::usage).
void expect_column(const TableParts& parts, const std::string& name);

// Which cells stand for no value.
class MissingWords {
 public:
  MissingWords(const TableSpec& spec, bool among_numbers);
  bool contains(std::string_view text) const {
    return text.size() < 64 && (lengths_[text.empty() ? 0 : static_cast<unsigned char>(text[0])] >> text.size() & 1) &&
           is_one(text);
  }

 private:
  bool is_one(std::string_view text) const;
  void add(std::string_view word);
  std::vector<std::string> words_;
  std::array<uint64_t, 256> lengths_{};  // bit n: a word of n bytes begins with that one
};

// What `rows` say of each column. A column that the spec names and the table has not is an Error(Exit::usage), a cell
// that is not of its column's type is an Error(Exit::data), a table that leaves no input one of Exit::usage. What is
// likely meant otherwise is added to `warnings`.
FittedTable fit_table(const TableParts& parts, std::span<const int64_t> rows, std::vector<Problem>& warnings);

// Whether the target is a class, by the spec or by the cells of `rows`.
bool target_is_class(const TableParts& parts, std::span<const int64_t> rows);

[[noreturn]] void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
                            std::string_view found, std::string help);
// What is expected of a cell that is none of the floats.
inline constexpr const char* float_expected = "a number within ±3.4e38";

}  // namespace dl
