// Formatting of figures and tables.
#include "app/console/text.h"

#include <algorithm>
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

// Columns that a terminal needs: bytes but for the continuations of UTF-8.
size_t display_width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_number(const std::string& text) { return !text.empty() && (std::isdigit(text[0]) || text[0] == '-'); }

}  // namespace

std::string figure(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  return print_number(size < 1e-3 || size >= 1e6 ? "%.3g" : "%.4f", value);
}

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

std::string figures(std::span<const Measured> values, bool unprefixed) {
  std::string text;
  for (const Measured& m : values) {
    const size_t slash = unprefixed ? m.name.find('/') : std::string::npos;
    text += (text.empty() ? "" : "  ") + (slash == std::string::npos ? m.name : m.name.substr(slash + 1)) + " " +
            figure(m.value);
  }
  return text;
}

std::string table(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows)
    for (std::string& cell : row) cell = printable(cell);
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::vector<bool> right(widths.size(), false);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) right[i] = right[i] || (&row != &rows.front() && is_number(row[i]));
  for (size_t i = 0; i < right.size(); ++i)
    right[i] = i > 0 && right[i] && std::all_of(rows.begin() + 1, rows.end(), [&](const auto& row) {
                 return i >= row.size() || row[i].empty() || is_number(row[i]);
               });
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - display_width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? gap + row[i] : row[i] + gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string wrapped(std::string_view text, size_t columns, const std::string& indent, const std::string& first) {
  std::string out, line = first;
  bool begun = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (begun && display_width(line) + 1 + word.size() > columns) {
      out += line + "\n";
      line = indent;
      begun = false;
    }
    if (!word.empty()) {
      line += (begun ? " " : "") + std::string(word);
      begun = true;
    }
    at = end + 1;
  }
  return out + line + "\n";
}

}  // namespace dl
