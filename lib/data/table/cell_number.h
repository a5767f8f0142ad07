// Numbers as cells of a table write them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/data/cell_date.h"

namespace dl {

struct NumberForm {
  char decimal = '.';
  char thousands = 0;    // between groups of three digits before the decimal; 0: none
  bool percent = false;  // % behind it, which changes nothing of the number
  // Of a column of dates, in which these keys say nothing: what number one is.
  DateOrder date = DateOrder::none;
  DatePart part = DatePart::days;
  bool operator==(const NumberForm&) const = default;
};

// The number that all of the text is; infinite where it says so or is beyond a double's range, 0 where it is nearer to
// 0 than a double can be. NaN is none.
std::optional<double> cell_number(std::string_view text, const NumberForm& form = {});

// A short text with the signs of a typewriter: plain blanks for those that do not break, are narrow or have no width, a
// dash for a minus. Nothing where it has none of them.
std::optional<std::string> typewritten(std::string_view text);

// Cells that stand for no value where a spec names none, as pandas has them, and "?"; among numbers a dash and "None"
// in any case too, which elsewhere may be categories.
std::span<const std::string_view> missing_words();
std::span<const std::string_view> words_missing_among_numbers();
bool is_missing_word(std::string_view text);  // one of either

}  // namespace dl
