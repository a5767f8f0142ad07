// Fitting a vocabulary to a text, and how it is kept in the resolved config.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <span>

#include "lib/data/vocabulary.h"
#include "lib/spec/schema.h"

namespace dl {

struct FittedText {
  std::string tokens;  // as tokens_text() writes them
  void describe(Schema& s);
};

// Tokens in one line with spaces between them. Spaces, control characters, bytes that are no UTF-8 and % are %HH inside
// of them, by their two hexadecimal digits.
std::string tokens_text(std::span<const std::string> tokens);
// The tokens of such a line; a % before anything else is an Error(Exit::usage).
std::vector<std::string> tokens_in(std::string_view text);

// The tokens of a text of which `counts` is true, sorted by their bytes: by their place in the text, from 0. The
// tokenizer's `unknown` is one of them always. With `max_tokens` only the most frequent, of equals the first.
std::vector<std::string> fit_tokens(const Tokenizer& tokenizer, std::string_view text,
                                    const std::filesystem::path& path, const std::function<bool(int64_t)>& counts,
                                    std::optional<int64_t> max_tokens);

}  // namespace dl
