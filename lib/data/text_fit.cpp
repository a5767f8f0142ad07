// Counting the tokens of a text, and writing them down.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text_fit.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
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

void FittedText::describe(Schema& s) {
  s.summary("what was fitted to the training part of a text");
  s.required("tokens", tokens, "in the order of their numbers, with spaces between; %20 is a space, %0A a line's end");
}

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

std::vector<std::string> fit_tokens(const Tokenizer& tokenizer, std::string_view text,
                                    const std::filesystem::path& path, const std::function<bool(int64_t)>& counts,
                                    std::optional<int64_t> max_tokens) {
  std::unordered_map<std::string_view, int64_t> times;
  int64_t place = 0;
  each_token(tokenizer, text, path, [&](std::string_view token, size_t) {
    if (counts(place++)) ++times[token];
  });
  if (tokenizer.unknown) times.erase(*tokenizer.unknown);
  std::vector<std::pair<int64_t, std::string_view>> ranked;  // by -times, so that equals come in order
  for (const auto& [token, count] : times) ranked.emplace_back(-count, token);
  const auto most = static_cast<size_t>(max_tokens.value_or(INT64_MAX)) - (tokenizer.unknown ? 1 : 0);
  if (ranked.size() > most) {
    std::ranges::sort(ranked);
    ranked.resize(most);
  }
  std::vector<std::string> tokens;
  for (const auto& [count, token] : ranked) tokens.emplace_back(token);
  if (tokenizer.unknown) tokens.push_back(*tokenizer.unknown);
  std::ranges::sort(tokens);
  return tokens;
}

}  // namespace dl
