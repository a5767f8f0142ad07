// What stands in ${…}: a name, or arithmetic on names and numbers: + - * / // % and parentheses, as in Python.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "lib/spec/node.h"

namespace dl {

// A name: `channels`, `data.classes`, `model[3].linear`.
// The value of a name; empty where it is not known yet. May throw ExpressionError.
using NameLookup = std::function<std::optional<Node>(const std::string& name)>;

struct ExpressionError {
  std::string what;
  std::string help;
  std::vector<std::string> notes;
};

struct Evaluated {
  std::optional<Node> value;  // a name alone: what it names, of any kind; else a number
  std::string rest;           // where a name is not known yet: the expression with the known ones put in
};

// Throws ExpressionError.
Evaluated evaluate(std::string_view expression, const NameLookup& lookup);

}  // namespace dl
