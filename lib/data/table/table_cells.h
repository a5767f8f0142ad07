// Cells of a table: which stand for no value, and what is said of one that does not fit.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>

#include "lib/data/table/table.h"

namespace dl {

// A cell's text without what `strip` takes off its end.
std::string_view stripped(std::string_view text, const std::string& strip);

class MissingWords {
 public:
  MissingWords(const TableSpec& spec, bool among_numbers);
  bool contains(std::string_view text) const {
    return text.size() < 64 && (lengths_[first(text)] >> text.size() & 1) && ends_[last(text)] && is_one(text);
  }

 private:
  static unsigned char first(std::string_view text) {
    return text.empty() ? '\0' : static_cast<unsigned char>(text[0]);
  }
  static unsigned char last(std::string_view text) {
    return text.empty() ? '\0' : static_cast<unsigned char>(text.back());
  }
  bool is_one(std::string_view text) const;
  void add(std::string_view word);
  std::vector<std::string> words_;
  std::array<uint64_t, 256> lengths_{};  // bit n: a word of n bytes begins with that one
  std::array<bool, 256> ends_{};         // a word ends with that one
};

// Threads that go through this many rows: one where there are few.
int threads_for(int64_t rows);

// A column that the table has not is an Error(Exit::usage).
void expect_column(const TableParts& parts, const std::string& name);

[[noreturn]] void fail_cell(const TableParts& parts, int64_t row, int64_t column, const std::string& expected,
                            std::string_view found, std::string help);
// What is expected of a cell that is none of the floats, and what helps where it is an input.
inline constexpr const char* float_expected = "a number within ±3.4e38";
inline constexpr const char* missing_help = "add it to 'missing' if it stands for no value";

}  // namespace dl
