// Text: suggestions, lists, numbers, sizes and times.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/printable.h"

namespace dl {
namespace {

constexpr size_t longest_word = 64;  // suggestions are for words; the distance takes time in proportion to both lengths

// Lower case, without blanks, - and _.
std::string folded(std::string_view word) {
  std::string out;
  for (char c : word)
    if (c != '-' && c != '_' && c != ' ') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Three significant digits, without trailing zeros.
std::string rounded(double value) {
  const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  const double scale = std::pow(10, decimals);
  return number_text(std::round(value * scale) / scale);
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment: three rows of the table.
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string closest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > longest_word) return {};
  const std::string wanted = folded(word);
  std::string best;
  int best_distance = std::max<int>(1, static_cast<int>(wanted.size()) / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest_word) continue;
    const int distance = edit_distance(wanted, folded(candidate));
    if (distance >= best_distance || distance >= static_cast<int>(wanted.size())) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string spelling_help(std::string_view word, std::span<const std::string> candidates, std::string otherwise) {
  const std::string nearest = closest(word, candidates);
  return nearest.empty() ? otherwise : "write '" + nearest + "'";
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

std::string plural(std::string_view noun) {
  const auto ends_with = [&](std::string_view end) { return noun.ends_with(end); };
  if (ends_with("s") || ends_with("x") || ends_with("ch")) return std::string(noun) + "es";
  if (ends_with("y") && !ends_with("ay") && !ends_with("ey"))
    return std::string(noun.substr(0, noun.size() - 1)) + "ies";
  return std::string(noun) + "s";
}

std::string count_of(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + (count == 1 ? std::string(noun) : plural(noun));
}

std::optional<int64_t> integer_in(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::string number_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

double as_written(double value) {
  const auto kept = static_cast<float>(value);
  if (static_cast<double>(kept) != value || !std::isfinite(value) || value == std::trunc(value)) return value;
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), kept).ptr;
  double written = value;
  std::from_chars(buffer.data(), end, written);
  return written;
}

std::string bytes_text(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (std::abs(bytes) >= 999.5 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return concat(bytes < 0 ? "-" : "", rounded(std::abs(bytes)), " ", units[unit]);
}

std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds)) return number_text(seconds) + " s";
  if (seconds < 0) return concat("-", seconds_text(-seconds));
  if (seconds == 0) return "0 s";
  if (seconds < 999.5e-6) return rounded(seconds * 1e6) + " us";
  if (seconds < 0.9995) return rounded(seconds * 1e3) + " ms";
  if (seconds < 99.95) return rounded(seconds) + " s";
  const double whole = std::round(seconds);
  const auto two_units = [](double value, double small, const char* large_unit, const char* small_unit) {
    const double large = std::floor(value / small), rest = value - large * small;
    const std::string text = number_text(large) + " " + large_unit;
    return rest > 0 ? text + " " + number_text(rest) + " " + small_unit : text;
  };
  if (whole < 3600) return two_units(whole, 60, "min", "s");
  const double minutes = std::round(whole / 60);
  if (minutes < 48 * 60) return two_units(minutes, 60, "h", "min");
  return two_units(std::round(minutes / 60), 24, "d", "h");
}

std::string shortened(std::string_view text, size_t most) {
  std::string out;
  for (char c : text.substr(0, most)) out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  if (text.size() <= most) return out;
  out.resize(std::min(invalid_utf8_at(out), out.size()));  // not in the middle of a character
  return out + "…";
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool numbered_before(std::string_view a, std::string_view b) {
  const auto is_digit = [](std::string_view text, size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  // The digits from `at` on without zeros in front of them; `at` goes behind them.
  const auto number = [&](std::string_view text, size_t& at) {
    while (at < text.size() && text[at] == '0') ++at;
    const size_t begin = at;
    while (at < text.size() && is_digit(text, at)) ++at;
    return text.substr(begin, at - begin);
  };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a, i) && is_digit(b, j)) {
      const std::string_view of_a = number(a, i), of_b = number(b, j);
      if (of_a.size() != of_b.size()) return of_a.size() < of_b.size();
      if (of_a != of_b) return of_a < of_b;
    } else if (a[i] != b[j]) {
      return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
    } else {
      ++i, ++j;
    }
  }
  if (i < a.size() || j < b.size()) return i == a.size();
  return a < b;  // 01 and 1
}

bool valid_utf8(std::string_view text) { return invalid_utf8_at(text) == std::string_view::npos; }

size_t invalid_utf8_at(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      for (uint64_t eight; i + sizeof eight <= text.size(); i += sizeof eight) {  // ASCII, most often
        std::memcpy(&eight, text.data() + i, sizeof eight);
        if (eight & 0x8080808080808080) break;
      }
      continue;
    }
    const Character c = first_character(text.substr(i));
    if (!c.valid) return i;
    i += c.bytes;
  }
  return std::string_view::npos;
}

}  // namespace dl
