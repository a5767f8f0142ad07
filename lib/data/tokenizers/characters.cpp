// characters: each character of UTF-8 is a token.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.h"
#include "lib/data/text/text_encoding.h"
#include "lib/data/text/tokenizer.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

struct Characters final : Tokenizer {
  void describe(Schema& s) override {
    s.summary("each character of a text");
    s.example("characters");
  }
  void each_token(std::string_view text, const std::filesystem::path& path, const Each& each) const override {
    for (size_t at = 0; at < text.size();) {
      const size_t bytes = character_bytes(text.substr(at));
      if (bytes == 0) {
        Problem problem = not_text(text, at, path);
        problem.help = "write 'level: bytes', or " + problem.help;
        throw Error(Exit::data, std::move(problem));
      }
      each(text.substr(at, bytes), at);
      at += bytes;
    }
  }
  // Counted in characters.
  size_t at_share(std::string_view text, double share) const override {
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    const auto characters = std::count_if(text.begin(), text.end(), begins);
    auto left = static_cast<int64_t>(share * static_cast<double>(characters));
    size_t at = 0;
    for (; at < text.size(); ++at)
      if (begins(text[at]) && left-- == 0) break;
    return at;
  }
};
DL_TOKENIZER(Characters, "characters");

}  // namespace
}  // namespace dl
