// A formula as text, "x * sigmoid(1.702 * x)", read once and built from operations.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/ops.h"

namespace dl {

class Formula {
 public:
  struct Mistake {
    std::string what, help;
  };

  // Numbers, the names of the inputs, pi and e, + - * / ^, comparisons (1 where they hold, else 0), parentheses and
  // functions. A mistake says at which sign of the text it is.
  static std::optional<Mistake> read(const std::string& text, const std::vector<std::string>& inputs, Formula& formula);
  static std::vector<std::string> functions();  // their names

  // Of the inputs, in the order of their names; ShapeError where they do not fit. A formula that names none of them has
  // the shape of the first.
  Value build(std::span<const Value> inputs) const;

 private:
  friend class FormulaReader;
  struct Term {
    enum class Kind { number, input, call } kind = Kind::number;
    double number = 0;
    size_t index = 0;           // of the input, or of the function
    std::vector<size_t> terms;  // of a call: its operands
  };
  std::vector<Term> terms_;  // operands before what they are of; the last is the whole
};

}  // namespace dl
