// Characters of UTF-8, and those that are escaped.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/printable.h"

#include <cstdio>

namespace dl {
namespace {

std::string with_escapes(std::string_view text, std::string_view kept) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = first_character(text.substr(at));
    const std::string_view bytes = text.substr(at, c.bytes);
    at += c.bytes;
    if (!c.steers || kept.find(bytes) != kept.npos) {
      out += bytes;
    } else if (const size_t letter = std::string_view("\n\t\r").find(bytes); letter != std::string_view::npos) {
      out += {'\\', "ntr"[letter]};
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, c.valid && c.code > 0xFF ? "\\u%04x" : "\\x%02x",
                    static_cast<unsigned>(c.code));
      out += escape;
    }
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return with_escapes(text, ""); }
std::string printable_lines(std::string_view text) { return with_escapes(text, "\n\t"); }

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char c = byte(0);
  const auto steers = [](char32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
  };
  if (c < 0x80) return {1, c, true, steers(c)};
  const Character invalid{1, c, false, true};
  const size_t length = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return invalid;
  char32_t code = c & (0x7Fu >> length);
  for (size_t k = 1; k < length; ++k) {
    if (byte(k) >> 6 != 2) return invalid;
    code = code << 6 | (byte(k) & 0x3Fu);
  }
  // Over-long forms, surrogates, and what lies beyond U+10FFFF.
  const char32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < least || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return invalid;
  return {length, code, true, steers(code)};
}

}  // namespace dl
