// What tokenizers have in common.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/tokenizer.h"

namespace dl {

std::string Tokenizer::text_of(std::span<const std::string> tokens) const {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

std::shared_ptr<const Tokenizer> make_tokenizer(const std::string& name, std::optional<std::string> line_end) {
  std::unique_ptr<Tokenizer> tokenizer = Registry<Tokenizer>::make(name);
  tokenizer->line_end = std::move(line_end);
  return tokenizer;
}

}  // namespace dl
