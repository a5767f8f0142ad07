// The text of a YAML file: checked, its lines found, and ${…} hidden from the parser.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace dl {

class YamlSource {
 public:
  // Throws Error(Exit::usage) where the text holds bytes that are not UTF-8, or control characters.
  YamlSource(std::string_view text, std::string file);

  // For the parser. YAML takes { } [ ] , : # for itself, ${a.b[0]} within a flow map would not parse: inside ${…} each
  // is a control character here, which cannot occur otherwise, at the same column.
  const std::string& text() const { return text_; }
  std::string restored(std::string_view scalar) const;  // with the characters of ${…} put back

  const std::string& file() const { return file_; }
  // From line and column in bytes, from 0, to line and column in characters, from 1.
  Where where(int line, int column) const;
  std::string_view line(int line) const;  // from 0; empty beyond the end
  int lines() const { return static_cast<int>(starts_.size()); }
  // Whether the quoted scalar that begins there has its second quote. True of what begins with another character.
  bool quote_closed(int line, int column) const;

 private:
  std::string text_, file_;
  std::vector<size_t> starts_;  // of lines
  // Where the last place was: the next is mostly further on in the same line, which may be long.
  struct Cursor {
    int line = -1;
    size_t bytes = 0;
    int characters = 0;
  };
  mutable Cursor cursor_;
};

}  // namespace dl
