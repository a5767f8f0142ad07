// Pieces of source text.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/spec/node.h"

namespace dl::code {

// The template with what stands for each {name}. A name that is not given stays as it is.
std::string fill(const std::string& text, const std::map<std::string, std::string>& names);
// A call in which an argument NAME={key|DEFAULT}, or {key|DEFAULT} alone, is left out where key stands for DEFAULT.
std::string fill_call(std::string text, const std::map<std::string, std::string>& names);
// Of a call in which arguments without a keyword are written NAME:VALUE: VALUE alone, and NAME=VALUE.
std::string without_names(const std::string& call);
std::string with_keywords(const std::string& call);
// "(2, 3)", "(2,)", "()".
std::string tuple(const std::vector<std::string>& items);
// A string as Python has it: 'it\'s'.
std::string quoted(const std::string& text);
// A text that can stand in a docstring: marks that would end it, or begin an escape, are others.
std::string in_docstring(std::string text);
// A value of a config as Python has it: True, None, 0.1, 'same', (3, 3).
std::string python(const Node& value);
// Each line of the text behind so many blanks; empty lines stay empty.
std::string indented(const std::string& text, size_t blanks);
// Whether a name can stand in Python's code: no number first, no keyword.
bool is_identifier(const std::string& name);
// Whether it can be a variable of written code besides: no module, class, function or variable that this has of its
// own.
bool is_free_name(const std::string& name);
// "conv2d" -> "Conv2d", "squeeze_excite" -> "SqueezeExcite".
std::string pascal_case(const std::string& name);
// Of a class for a block of this name; "Net" is the whole network.
std::string class_of_block(const std::string& block);

}  // namespace dl::code
