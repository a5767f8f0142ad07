// bytes: each byte is a token.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/tokenizer.h"

namespace dl {
namespace {

struct Bytes final : Tokenizer {
  void describe(Schema& s) override {
    s.summary("each byte of a text, whatever it stands for");
    s.example("bytes");
  }
  void each_token(std::string_view text, const std::filesystem::path&, const Each& each) const override {
    for (size_t at = 0; at < text.size(); ++at) each(text.substr(at, 1), at);
  }
  size_t at_share(std::string_view text, double share) const override {
    return static_cast<size_t>(share * static_cast<double>(text.size()));
  }
  bool takes_bytes() const override { return true; }
};
DL_TOKENIZER(Bytes, "bytes");

}  // namespace
}  // namespace dl
