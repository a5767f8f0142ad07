// Fitting a vocabulary to a text.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/data/text/tokenizer.h"
#include "lib/spec/schema.h"

namespace dl {

struct FittedText {
  std::string tokens;  // as tokens_text() of lib/data/token_line.h writes them
  void describe(Schema& s);
};

using TokenCounts = std::unordered_map<std::string_view, int64_t>;  // how often each was seen
// All of them or, where there are more, `most`: the most frequent, of equals the first. Sorted by their bytes.
std::vector<std::string> frequent_tokens(const TokenCounts& times, int64_t most);

// The tokens of a text of which `counts` is true, sorted by their bytes: by their place in the text, from 0. `unknown`
// is one of them always, where it is set. With `max_tokens` only the most frequent, of equals the first.
std::vector<std::string> fit_tokens(const Tokenizer& tokenizer, std::string_view text,
                                    const std::filesystem::path& path, const std::optional<std::string>& unknown,
                                    const std::function<bool(int64_t)>& counts, std::optional<int64_t> max_tokens);

}  // namespace dl
