// Counting the tokens of a text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/text_fit.h"

#include <algorithm>
#include <unordered_map>

namespace dl {

void FittedText::describe(Schema& s) {
  s.summary("what was fitted to the training part of a text");
  s.required("tokens", tokens, "in the order of their numbers, with spaces between; %20 is a space, %0A a line's end");
}

std::vector<std::string> fit_tokens(const Tokenizer& tokenizer, std::string_view text,
                                    const std::filesystem::path& path, const std::optional<std::string>& unknown,
                                    const std::function<bool(int64_t)>& counts, std::optional<int64_t> max_tokens) {
  std::unordered_map<std::string_view, int64_t> times;
  int64_t place = 0;
  tokenizer.each_token(text, path, [&](std::string_view token, size_t) {
    if (counts(place++)) ++times[token];
  });
  if (unknown) times.erase(*unknown);
  std::vector<std::pair<int64_t, std::string_view>> ranked;  // by -times, so that equals come in order
  for (const auto& [token, count] : times) ranked.emplace_back(-count, token);
  const auto most = static_cast<size_t>(max_tokens.value_or(INT64_MAX)) - (unknown ? 1 : 0);
  if (ranked.size() > most) {
    std::ranges::sort(ranked);
    ranked.resize(most);
  }
  std::vector<std::string> tokens;
  for (const auto& [count, token] : ranked) tokens.emplace_back(token);
  if (unknown) tokens.push_back(*unknown);
  std::ranges::sort(tokens);
  return tokens;
}

}  // namespace dl
