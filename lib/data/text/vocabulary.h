// The tokens of a text and the number that each has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/data/text/tokenizer.h"

namespace dl {

class Vocabulary {
 public:
  // Numbers in the order of the tokens. `unknown` takes the place of tokens that it lacks; unset: they are an error.
  Vocabulary(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> tokens,
             std::optional<std::string> unknown = {});

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const std::vector<std::string>& tokens() const { return tokens_; }
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

  // Of one token; of those that it lacks, that of `unknown`, which there must be.
  uint32_t number(std::string_view token) const;
  struct Encoded {
    std::vector<uint32_t> numbers;
    int64_t unknown = 0;  // tokens that are not known, for which `unknown` stands
  };
  // Tokens that are not known, where nothing stands for them, are an Error(Exit::data) with the place of the first in
  // `path`, of whose text, `whole`, this one begins at byte `begin`.
  Encoded encode(std::string_view text, const std::filesystem::path& path, size_t begin = 0,
                 std::string_view whole = {}) const;
  std::string decode(const std::vector<int32_t>& numbers) const;

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::optional<std::string> unknown_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // of tokens_
};

}  // namespace dl
