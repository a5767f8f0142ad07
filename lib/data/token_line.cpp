// Writing tokens down and reading them back.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/token_line.h"

#include <charconv>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {

size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t bytes = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (bytes > text.size()) return 0;
  for (size_t i = 1; i < bytes; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  return bytes;
}

namespace {

void append_token(std::string& line, std::string_view token) {
  const char* const digits = "0123456789ABCDEF";
  for (size_t at = 0; at < token.size();) {
    const size_t bytes = character_bytes(token.substr(at));
    const char c = token[at];
    const bool is_character = bytes > 1 && valid_utf8(token.substr(at, bytes));
    if (is_character || (bytes == 1 && c > ' ' && c != 127 && c != '%')) {
      line += token.substr(at, bytes);
      at += bytes;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      line += {'%', digits[byte >> 4], digits[byte & 15]};
      at += 1;
    }
  }
}

}  // namespace

std::string tokens_text(std::span<const std::string> tokens) {
  std::string line;
  for (const std::string& token : tokens) {
    if (!line.empty()) line += ' ';
    append_token(line, token);
  }
  return line;
}

std::vector<std::string> tokens_in(std::string_view text) {
  std::vector<std::string> tokens;
  bool begins = true;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ') {
      begins = true;
      continue;
    }
    if (std::exchange(begins, false)) tokens.emplace_back();
    if (text[at] != '%') {
      tokens.back() += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() < 2 || end != digits.data() + 2)
      throw Error(Exit::usage,
                  Problem{.path = "data.fitted.tokens",
                          .what = concat("expected two hexadecimal digits after '%', found '", digits, "'"),
                          .help = "write %25 for '%'"});
    tokens.back() += static_cast<char>(byte);
    at += 2;
  }
  return tokens;
}

}  // namespace dl
