// Cutting text into tokens and numbering them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/vocabulary.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

std::string shown(std::string_view token) {
  if (token.size() == 1 && (token[0] < ' ' || token[0] > '~'))
    return concat("byte ", static_cast<int>(static_cast<unsigned char>(token[0])));
  return concat("'", token, "'");
}

}  // namespace

void each_token(const Tokenizer& tokenizer, std::string_view text, const std::filesystem::path& path,
                const std::function<void(std::string_view token, size_t at)>& each) {
  const auto& [level, line_end, unknown] = tokenizer;
  for (size_t at = 0; at < text.size();) {
    size_t bytes = 1;
    if (level == TextLevel::characters) {
      bytes = character_bytes(text.substr(at));
      if (bytes == 0) {
        Problem problem = not_text(text, at, path);
        problem.help = "write 'level: bytes', or " + problem.help;
        throw Error(Exit::data, std::move(problem));
      }
    } else if (level == TextLevel::words) {
      if (text[at] == '\n' && line_end) each(std::string_view(*line_end), at);
      if (text[at] == '\n' || is_space(text[at])) {
        ++at;
        continue;
      }
      while (at + bytes < text.size() && text[at + bytes] != '\n' && !is_space(text[at + bytes])) ++bytes;
    }
    each(text.substr(at, bytes), at);
    at += bytes;
  }
}

Vocabulary::Vocabulary(Tokenizer tokenizer, std::vector<std::string> tokens)
    : tokenizer_(std::move(tokenizer)), tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) numbers_.emplace(tokens_[i], static_cast<uint32_t>(i));
}

Vocabulary::Encoded Vocabulary::encode(std::string_view text, const std::filesystem::path& path, size_t begin,
                                       std::string_view whole) const {
  const auto stand_in = tokenizer_.unknown ? numbers_.find(*tokenizer_.unknown) : numbers_.end();
  Encoded encoded;
  encoded.numbers.reserve(tokenizer_.level == TextLevel::words ? 0 : text.size());
  size_t first = 0;
  std::vector<std::string> kinds;  // of tokens that are not known
  each_token(tokenizer_, text, path, [&](std::string_view token, size_t at) {
    auto found = numbers_.find(token);
    if (found == numbers_.end()) {
      if (encoded.unknown++ == 0) first = at;
      if (kinds.size() < 4 && std::ranges::count(kinds, shown(token)) == 0) kinds.push_back(shown(token));
      found = stand_in;
    }
    if (found != numbers_.end()) encoded.numbers.push_back(found->second);
  });
  if (encoded.unknown == 0 || stand_in != numbers_.end()) return encoded;
  const auto more = encoded.unknown - 1;
  const std::string one = kinds[0];
  kinds.erase(kinds.begin());
  Problem problem = located(whole.empty() ? text : whole, begin + first, path);
  if (path.empty()) problem.where = {};
  problem.what = concat(one, " is not one of the ", count_of(size(), "token"), " of the training text");
  if (more > 0)
    problem.what += concat(", nor ", more == 1 ? "is" : "are", " ", more, " more",
                           kinds.empty() ? "" : concat(", among them ", join(kinds)));
  problem.help = "write 'unknown: <unk>' to take all such tokens as one";
  throw Error(Exit::data, std::move(problem));
}

std::string Vocabulary::decode(const std::vector<int32_t>& numbers) const {
  std::string text;
  bool line_begins = true;
  for (const int32_t number : numbers) {
    const std::string& token = tokens_.at(static_cast<size_t>(number));
    if (tokenizer_.level != TextLevel::words) {
      text += token;
    } else if (token == tokenizer_.line_end) {
      text += '\n';
      line_begins = true;
    } else {
      text += (line_begins ? "" : " ") + token;
      line_begins = false;
    }
  }
  return text;
}

}  // namespace dl
