// The tokens of a text: how it is cut into them, and which number each has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dl {

// What a token is. Words are what stands between white space.
enum class TextLevel { characters, bytes, words };

struct Tokenizer {
  TextLevel level = TextLevel::characters;
  std::optional<std::string> line_end;  // words: the token at the end of each line; unset: none
  std::optional<std::string> unknown;   // takes the place of tokens that the vocabulary lacks; unset: they are an error
};

// Each token of a text and the byte at which it begins. Text that is not UTF-8 is an Error(Exit::data) with its `path`,
// where characters are asked for.
void each_token(const Tokenizer& tokenizer, std::string_view text, const std::filesystem::path& path,
                const std::function<void(std::string_view token, size_t at)>& each);

class Vocabulary {
 public:
  // Numbers in the order of the tokens.
  Vocabulary(Tokenizer tokenizer, std::vector<std::string> tokens);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const std::vector<std::string>& tokens() const { return tokens_; }
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

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
  Tokenizer tokenizer_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // of tokens_
};

}  // namespace dl
