// Formatting of figures and tables.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "lib/base/printable.h"

namespace dl {
namespace {

std::string print_number(const char* format, double value) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, format, value);
  return {text, static_cast<size_t>(length)};
}

// To four significant digits; zeros at the end go, but not before `decimals` places.
std::string four_digits(double value, size_t decimals) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  const std::string scientific = print_number("%.3e", value);  // "-1.230e-05": what 999.96 is rounded to decides, too
  const size_t e = scientific.find('e');
  const int exponent = std::stoi(scientific.substr(e + 1));
  if (exponent < -3 || exponent >= 6) {
    const std::string digits = scientific.substr(0, e);
    return digits.substr(0, digits.find_last_not_of(".0") + 1) + scientific.substr(e);
  }
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.*f", std::max(3 - exponent, 0), std::stod(scientific));
  std::string fixed(text, static_cast<size_t>(length));
  const size_t point = fixed.find('.');
  if (point == fixed.npos) return fixed;
  fixed.resize(std::min(std::max(fixed.find_last_not_of('0'), point + decimals) + 1, fixed.size()));
  if (fixed.back() == '.') fixed.pop_back();
  return fixed;
}

// With a unit or without: 12, -3.5, "1.2 ms", "41.2k"; not a path such as "0.weight".
bool is_number(const std::string& text) {
  const auto digit = [&](size_t at) { return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); };
  const size_t point = text.find('.');
  return (digit(0) || text.starts_with('-')) && (point == std::string::npos || digit(point + 1));
}

}  // namespace

std::string figure(double value) { return four_digits(value, 6); }
std::string short_figure(double value) { return four_digits(value, 0); }

std::string count(double value) {
  std::string digits = print_number("%.0f", value);
  for (int at = static_cast<int>(digits.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string short_count(double value) {
  for (const auto& [unit, name] : {std::pair{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}})
    if (value >= unit) return print_number(value >= 100 * unit ? "%.0f" : "%.1f", value / unit) + name;
  return print_number("%.0f", value);
}

std::string rate(double per_s, std::string_view unit) {
  std::string text = short_count(per_s);
  text.insert(text.find_last_of("0123456789") + 1, " ");
  return text.append(unit);
}

std::string clock(double seconds) {
  const auto all = static_cast<long long>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  char text[64];
  const int length = all >= 3600
                         ? std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60)
                         : std::snprintf(text, sizeof text, "%lld:%02lld", all / 60, all % 60);
  return {text, static_cast<size_t>(length)};
}

std::string percent(double share) { return print_number("%.1f %%", 100 * share); }

std::string float_text(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

namespace {

// Is left whole however long it is, so that it can be copied.
bool is_address(std::string_view word) { return word.find("://") != word.npos; }

// The words of a cell in lines of at most `columns`; a word that is longer is cut, after a / or . where one is near.
std::vector<std::string> cell_lines(const std::string& cell, size_t columns) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= cell.size();) {
    const size_t end = std::min(cell.find(' ', at), cell.size());
    std::string word = cell.substr(at, end - at);
    while (display_width(word) > columns && !is_address(word)) {
      size_t cut = 0;
      for (size_t width = 0; cut < word.size(); ++cut)
        if ((word[cut] & 0xC0) != 0x80 && ++width > columns) break;
      const size_t mark = word.find_last_of("/.,_-", cut - 1);
      if (mark != word.npos && mark >= cut / 2) cut = mark + 1;
      words.push_back(word.substr(0, cut));
      word.erase(0, cut);
    }
    words.push_back(std::move(word));
    at = end + 1;
  }
  std::string text = flowed(words, " ", columns, "", "");
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  return lines;
}

size_t longest_word(std::string_view cell) {
  size_t longest = 0;
  for (size_t at = 0; at < cell.size();) {
    const size_t end = std::min(cell.find(' ', at), cell.size());
    const std::string_view word = cell.substr(at, end - at);
    if (!is_address(word)) longest = std::max(longest, display_width(word));
    at = end + 1;
  }
  return longest;
}

// Makes the widest columns narrower until all fit: first down to their longest words, then those of text further.
void fit_widths(std::vector<size_t>& widths, const std::vector<size_t>& least, size_t columns) {
  constexpr size_t gap = 2, least_cut = 12;
  size_t total = gap * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  for (const bool cut : {false, true})
    while (total > columns) {
      size_t widest = widths.size();
      for (size_t i = 0; i < widths.size(); ++i)
        if (widths[i] > (cut ? std::min(least[i], least_cut) : least[i]) &&
            (widest == widths.size() || widths[i] > widths[widest]))
          widest = i;
      if (widest == widths.size()) break;
      widths[widest] -= 1;
      total -= 1;
    }
}

}  // namespace

std::string table(std::vector<std::vector<std::string>> rows, size_t columns) {
  for (auto& row : rows)
    for (std::string& cell : row) cell = printable(cell);
  std::vector<size_t> widths, least;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    least.resize(widths.size());
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
      const bool whole = &row != &rows.front() && is_number(row[i]);
      least[i] = std::max(least[i], whole ? display_width(row[i]) : longest_word(row[i]));
    }
  }
  std::vector<bool> right(widths.size(), false);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) right[i] = right[i] || (&row != &rows.front() && is_number(row[i]));
  for (size_t i = 0; i < right.size(); ++i)
    right[i] = i > 0 && right[i] && std::all_of(rows.begin() + 1, rows.end(), [&](const auto& row) {
                 return i >= row.size() || row[i].empty() || is_number(row[i]);
               });
  if (!widths.empty()) fit_widths(widths, least, columns);
  std::string out;
  for (const auto& row : rows) {
    std::vector<std::vector<std::string>> cells;
    size_t height = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(display_width(row[i]) <= widths[i] ? std::vector{row[i]} : cell_lines(row[i], widths[i]));
      height = std::max(height, cells.back().size());
    }
    for (size_t k = 0; k < height; ++k) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string cell = k < cells[i].size() ? cells[i][k] : "";
        const std::string rest(widths[i] - std::min(widths[i], display_width(cell)), ' ');
        line += (i == 0 ? "" : "  ") + (right[i] ? rest + cell : cell + rest);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
  }
  return out;
}

std::string flowed(std::span<const std::string> items, std::string_view gap, size_t columns, std::string_view indent,
                   std::string_view first) {
  std::string out, line(first);
  bool begun = false;
  for (const std::string& item : items) {
    if (item.empty()) continue;
    if (begun && display_width(line) + gap.size() + display_width(item) > columns) {
      out += line + "\n";
      line = indent;
      begun = false;
    }
    if (begun) line += gap;
    line += item;
    begun = true;
  }
  return out + line + "\n";
}

std::string wrapped(std::string_view text, size_t columns, std::string_view indent, std::string_view first) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return flowed(words, " ", columns, indent, first);
}

std::string figures(std::span<const Measured> values, size_t columns, std::string_view indent) {
  std::vector<std::string> items;
  for (const Measured& m : values) items.push_back(m.name + " " + figure(m.value));
  return flowed(items, "  ", columns, indent, indent);
}

}  // namespace dl
