// What a terminal, and a file that must be UTF-8, may be shown of text from outside: names, values, bytes of files.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace dl {

// Characters that steer a terminal (control characters, changes of direction, line separators) and bytes that are no
// UTF-8 as \n, \x1b, \u202e, \xff; all else as it is.
std::string printable(std::string_view text);
// The same of each line: line ends and tabs stay.
std::string printable_lines(std::string_view text);

// The first character of a text that has one; where the bytes are not UTF-8, the first byte.
struct Character {
  size_t bytes = 1;
  char32_t code = 0;    // Unicode, or the byte
  bool valid = false;   // UTF-8
  bool steers = false;  // not for a terminal
};
Character first_character(std::string_view text);

}  // namespace dl
