// words: what stands between white space is a token.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/data/text/tokenizer.h"

namespace dl {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

struct Words final : Tokenizer {
  void describe(Schema& s) override {
    s.summary("what stands between white space");
    s.example("words");
  }
  void each_token(std::string_view text, const std::filesystem::path&, const Each& each) const override {
    for (size_t at = 0; at < text.size();) {
      if (text[at] == '\n' && line_end) each(std::string_view(*line_end), at);
      if (text[at] == '\n' || is_space(text[at])) {
        ++at;
        continue;
      }
      size_t bytes = 1;
      while (at + bytes < text.size() && text[at + bytes] != '\n' && !is_space(text[at + bytes])) ++bytes;
      each(text.substr(at, bytes), at);
      at += bytes;
    }
  }
  std::string text_of(std::span<const std::string> tokens) const override {
    std::string text;
    bool line_begins = true;
    for (const std::string& token : tokens) {
      if (token == line_end) {
        text += '\n';
        line_begins = true;
      } else {
        text += (line_begins ? "" : " ") + token;
        line_begins = false;
      }
    }
    return text;
  }
  // The next line's begin, or where that is far or there is none, what stands behind the next white space.
  size_t at_share(std::string_view text, double share) const override {
    const auto place = static_cast<size_t>(share * static_cast<double>(text.size()));
    size_t end = text.find('\n', place);
    if (end == std::string_view::npos || end - place > std::max(size_t{1} << 12, text.size() / 100))
      end = text.find_first_of(" \t\n", place);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  bool takes_line_end() const override { return true; }
};
DL_TOKENIZER(Words, "words");

}  // namespace
}  // namespace dl
