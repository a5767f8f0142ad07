// How a text is cut into tokens. Leaves register as DL_TOKENIZER(Words, "words").
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Tokenizer : Described {
  static constexpr const char* kind = "tokenizer";
  using Each = std::function<void(std::string_view token, size_t at)>;

  // Each token of a text and the byte at which it begins. Text that it cannot cut is an Error(Exit::data) with its
  // `path`.
  virtual void each_token(std::string_view text, const std::filesystem::path& path, const Each& each) const = 0;
  // The text that tokens are, one behind another.
  virtual std::string text_of(std::span<const std::string> tokens) const;
  // The byte at which such a share of a text ends, 0 < share < 1: where a token may begin.
  virtual size_t at_share(std::string_view text, double share) const = 0;
  // Whether any bytes are a text; else it is UTF-8, whose line ends are \n.
  virtual bool takes_bytes() const { return false; }
  // Whether lines' ends may be tokens.
  virtual bool takes_line_end() const { return false; }

  std::optional<std::string> line_end;  // the token at the end of each line; unset: none
};

// One of that name, which is registered.
std::shared_ptr<const Tokenizer> make_tokenizer(const std::string& name, std::optional<std::string> line_end = {});

}  // namespace dl

#define DL_TOKENIZER(Type, name) DL_REGISTER(::dl::Tokenizer, Type, name)
