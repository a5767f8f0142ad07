// Numbering the tokens of a text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/vocabulary.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

std::string shown(std::string_view token) {
  if (token.size() == 1 && (token[0] < ' ' || token[0] > '~'))
    return concat("byte ", static_cast<int>(static_cast<unsigned char>(token[0])));
  return concat("'", token, "'");
}

}  // namespace

Vocabulary::Vocabulary(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> tokens,
                       std::optional<std::string> unknown)
    : tokenizer_(std::move(tokenizer)), unknown_(std::move(unknown)), tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) numbers_.emplace(tokens_[i], static_cast<uint32_t>(i));
}

uint32_t Vocabulary::number(std::string_view token) const {
  const auto found = numbers_.find(token);
  if (found != numbers_.end()) return found->second;
  DL_CHECK(unknown_, "no number for '", token, "'");
  return numbers_.at(*unknown_);
}

Vocabulary::Encoded Vocabulary::encode(std::string_view text, const std::filesystem::path& path, size_t begin,
                                       std::string_view whole) const {
  const auto stand_in = unknown_ ? numbers_.find(*unknown_) : numbers_.end();
  Encoded encoded;
  size_t count = 0;  // so that a long text's numbers take no more memory than they need
  tokenizer_->each_token(text, path, [&](std::string_view, size_t) { ++count; });
  encoded.numbers.reserve(count);
  size_t first = 0;
  std::vector<std::string> kinds;  // of tokens that are not known
  tokenizer_->each_token(text, path, [&](std::string_view token, size_t at) {
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
  std::vector<std::string> tokens;
  for (const int32_t number : numbers) tokens.push_back(tokens_.at(static_cast<size_t>(number)));
  return tokenizer_->text_of(tokens);
}

}  // namespace dl
