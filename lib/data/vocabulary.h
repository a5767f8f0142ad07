// The tokens of a text: how it is cut into them, and which number each has.
#pragma once
#include <cstdint>
#include <filesystem>
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

// Text that is not UTF-8 is an Error(Exit::data) with its `path`, where characters are asked for.
class Vocabulary {
 public:
  // Of all tokens of a text, sorted by their bytes; `unknown` is one of them always.
  Vocabulary(Tokenizer tokenizer, std::string_view text, const std::filesystem::path& path);
  // Of tokens that are known already.
  Vocabulary(Tokenizer tokenizer, std::vector<std::string> tokens);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const std::vector<std::string>& tokens() const { return tokens_; }
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }

  // A token that is not known is an Error(Exit::data) with its place in `path`, where the text begins at byte `begin`,
  // unless `unknown` stands for it.
  std::vector<uint32_t> encode(std::string_view text, const std::filesystem::path& path, size_t begin = 0) const;
  std::string decode(const std::vector<int32_t>& numbers) const;

 private:
  void number_tokens();

  Tokenizer tokenizer_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // of tokens_
};

}  // namespace dl
