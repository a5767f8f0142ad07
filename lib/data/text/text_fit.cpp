// Counting the tokens of a text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/text_fit.h"

#include <algorithm>

namespace dl {

void FittedText::describe(Schema& s) {
  s.summary("what was fitted to the training part of a text");
  s.required("tokens", tokens, "in the order of their numbers, with spaces between; %20 is a space, %0A a line's end");
}

std::vector<std::string> frequent_tokens(const TokenCounts& times, int64_t most) {
  std::vector<std::pair<int64_t, std::string_view>> ranked;  // by -times, so that equals come in order
  for (const auto& [token, count] : times) ranked.emplace_back(-count, token);
  if (std::ssize(ranked) > most) {
    std::ranges::sort(ranked);
    ranked.resize(static_cast<size_t>(most));
  }
  std::vector<std::string> tokens;
  for (const auto& [count, token] : ranked) tokens.emplace_back(token);
  std::ranges::sort(tokens);
  return tokens;
}

std::vector<std::string> fit_tokens(const Tokenizer& tokenizer, std::string_view text,
                                    const std::filesystem::path& path, const std::optional<std::string>& unknown,
                                    const std::function<bool(int64_t)>& counts, std::optional<int64_t> max_tokens) {
  TokenCounts times;
  int64_t place = 0;
  tokenizer.each_token(text, path, [&](std::string_view token, size_t) {
    if (counts(place++)) ++times[token];
  });
  if (unknown) times.erase(*unknown);
  std::vector<std::string> tokens = frequent_tokens(times, max_tokens.value_or(INT64_MAX) - (unknown ? 1 : 0));
  if (unknown) tokens.insert(std::ranges::lower_bound(tokens, *unknown), *unknown);
  return tokens;
}

}  // namespace dl
