// Quoting for CSV files.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/csv_cell.h"

#include <cmath>

#include "lib/base/text.h"

namespace dl {

std::string csv_cell(const std::string& text) {
  if (const size_t at = invalid_utf8_at(text); at != std::string::npos) {
    constexpr const char* digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(text[at]);
    return csv_cell(text.substr(0, at) + "\\x" + digits[byte >> 4] + digits[byte & 15] + text.substr(at + 1));
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_number(double value) {
  if (std::isnan(value)) return "nan";
  return std::isinf(value) ? (value > 0 ? "inf" : "-inf") : number_text(value);
}

}  // namespace dl
