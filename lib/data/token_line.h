// Tokens and classes' names in one line of the resolved config.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// The bytes of the UTF-8 character that `text`, which is not empty, begins with; 0 where it begins with none.
size_t character_bytes(std::string_view text);

// Tokens in one line with spaces between them. Spaces, control characters, bytes that are no UTF-8 and % are %HH inside
// of them, by their two hexadecimal digits.
std::string tokens_text(std::span<const std::string> tokens);
// The tokens of such a line; a % before anything else is an Error(Exit::usage).
std::vector<std::string> tokens_in(std::string_view text);

}  // namespace dl
