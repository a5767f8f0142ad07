// A number's text brought to the plain form, then read by the standard library.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/cell_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "lib/base/text.h"
#include "lib/data/table/short_number.h"

namespace dl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> plain_number(std::string_view text) {
  if (ShortNumber number; short_number(text, number)) return number.value();
  const bool negative = text.starts_with('-');
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument || std::isnan(value)) return {};
  if (error == std::errc()) return value;
  // Beyond the range: which end of it, by the exponent of the first digit that is not 0.
  int64_t magnitude = 0;
  bool point = false, counted = false;
  size_t i = negative;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    point = point || text[i] == '.';
    counted = counted || (text[i] >= '1' && text[i] <= '9');
    if (text[i] != '.' && counted && !point) ++magnitude;
    if (text[i] == '0' && !counted && point) --magnitude;
  }
  int64_t exponent = 0;
  if (i < text.size()) {
    const char* from = text.data() + i + 1;
    if (*from == '+') ++from;
    if (std::from_chars(from, text.data() + text.size(), exponent).ec != std::errc())
      exponent = *from == '-' ? -(int64_t{1} << 40) : int64_t{1} << 40;
  }
  if (magnitude + exponent < 0) return negative ? -0.0 : 0.0;
  return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

// Appends the digits of groups that begin at `text`; false where they are not three each, but for the first.
bool append_groups(std::string_view digits, char separator, std::string& to) {
  for (bool first = true; !digits.empty(); first = false) {
    const size_t end = std::min(digits.find(separator), digits.size());
    if (first ? end < 1 || (end < digits.size() && end > 3) : end != 3) return false;
    to.append(digits.substr(0, end));
    if (end + 1 == digits.size()) return false;  // a separator at the end
    digits.remove_prefix(std::min(end + 1, digits.size()));
  }
  return true;
}

// What a typewriter has in the place of signs that typesetting programs write: a blank for those that do not break,
// are narrow or have no width, a dash for a minus.
constexpr std::pair<std::string_view, char> typeset[] = {{"\xC2\xA0", ' '},     {"\xE2\x80\xAF", ' '},
                                                         {"\xE2\x80\x89", ' '}, {"\xE2\x80\x8B", ' '},
                                                         {"\xEF\xBB\xBF", ' '}, {"\xE2\x88\x92", '-'}};

std::optional<double> typed_number(std::string_view text, const NumberForm& form) {
  if (form.date != DateOrder::none) {
    const auto days = cell_days(text, form.date);
    return days ? std::optional(part_of(*days, form.part)) : std::nullopt;
  }
  if (form.percent) {
    if (!text.ends_with('%')) return {};
    text.remove_suffix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  if (form.decimal == '.' && form.thousands == 0) return text.empty() ? std::nullopt : plain_number(text);
  std::string plain;
  if (text.starts_with('-')) {
    plain = "-";
    text.remove_prefix(1);
  }
  size_t whole = 0;
  while (whole < text.size() && (is_digit(text[whole]) || (text[whole] == form.thousands && form.thousands))) ++whole;
  if (form.thousands == 0)
    plain.append(text.substr(0, whole));
  else if (!append_groups(text.substr(0, whole), form.thousands, plain))
    return {};
  text.remove_prefix(whole);
  if (text.starts_with(form.decimal)) {
    plain += '.';
    text.remove_prefix(1);
  } else if (text.starts_with('.')) {
    return {};
  }
  return plain_number(plain.append(text));
}

constexpr std::string_view everywhere[] = {"",     "\xC2\xA0", "?",      "NA",      "N/A",     "n/a",     "<NA>",
                                           "#N/A", "#N/A N/A", "#NA",    "NaN",     "nan",     "-NaN",    "-nan",
                                           "NULL", "null",     "1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"};
constexpr std::string_view among_numbers[] = {"-",    "--",   ".",    "na",   "Na",  "n.a.", "N.A.",
                                              "None", "none", "NONE", "Null", "NAN", "Nan"};

}  // namespace

std::optional<std::string> typewritten(std::string_view text) {
  constexpr size_t most_bytes = 64;  // of a number in groups
  if (text.size() > most_bytes || text.find_first_of("\xC2\xE2\xEF") == std::string_view::npos) return {};
  std::string plain;
  bool found = false;
  while (!text.empty()) {
    const auto sign = std::ranges::find_if(typeset, [&](const auto& one) { return text.starts_with(one.first); });
    const bool is_one = sign != std::end(typeset);
    plain += is_one ? sign->second : text[0];
    text.remove_prefix(is_one ? sign->first.size() : 1);
    found = found || is_one;
  }
  return found ? std::optional(plain) : std::nullopt;
}

std::span<const std::string_view> missing_words() { return everywhere; }
std::span<const std::string_view> words_missing_among_numbers() { return among_numbers; }
bool is_missing_word(std::string_view text) {
  return std::ranges::count(everywhere, text) > 0 || std::ranges::count(among_numbers, text) > 0;
}

std::optional<double> cell_number(std::string_view text, const NumberForm& form) {
  const auto number = typed_number(text, form);
  if (number) return number;
  const auto typed = typewritten(text);
  return typed ? typed_number(trim(*typed), form) : number;
}

}  // namespace dl
