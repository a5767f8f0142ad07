// What yaml-cpp says of a syntax error, put so that the writer of the file can mend it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "lib/spec/yaml_source.h"

namespace dl {

struct OpenBracket {
  Where where;
  char bracket;  // [ or {
};

// `message` and the place (from 0) are yaml-cpp's; `open` is the innermost bracket that was not closed.
Problem syntax_problem(const YamlSource& source, int line, int column, const std::string& message,
                       const std::optional<OpenBracket>& open);

// A second document begins at `where`: behind a line ---, or because a line belongs to nothing above it.
Problem second_document(const YamlSource& source, const Where& where);

}  // namespace dl
