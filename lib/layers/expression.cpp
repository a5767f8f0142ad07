// A formula written in the config: y = what it says of the inputs, number by number
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <regex>
#include <set>

#include "lib/base/text.h"
#include "lib/nn/formula.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Expression final : Layer {
  std::string formula;
  std::vector<std::string> inputs{"x"};

  void describe(Schema& s) override {
    s.summary("a formula of the inputs, written as text");
    s.details(
        "Numbers, pi, e, the names of the inputs, + - * / ^, comparisons (1 where they hold, else 0), parentheses and "
        "the functions " +
        join(Formula::functions()) +
        "; sum, mean, softmax and log_softmax are along the last axis. With several inputs (from: [a, b]) 'inputs' "
        "names them in their order. It is differentiated and compiled as any layer is.");
    s.required("formula", formula, "what y is: \"x * sigmoid(1.702 * x)\"").positional().known_as({"expr", "function"});
    s.optional("inputs", inputs, "names of what 'from' gives, in its order").known_as({"names"});
    s.example("expression: x * sigmoid(1.702 * x)");
    s.example("expression: {formula: \"a * tanh(b) + 0.5\", inputs: [a, b]}");
    s.check([this](const Report& report) {
      Formula read;
      const bool words = std::ranges::all_of(inputs, [](const std::string& input) {
        return std::regex_match(input, std::regex("[A-Za-z_][A-Za-z_0-9]*"));
      });
      if (inputs.empty() || !words || std::set(inputs.begin(), inputs.end()).size() < inputs.size()) {
        report.at("inputs", "expected a name for each input, of letters, digits and _", "write [x]");
      } else if (const auto mistake = Formula::read(formula, inputs, read)) {
        report.at("formula", mistake->what, mistake->help);
      }
    });
  }

  Value build(Builder&, std::span<const Value> given) const override {
    if (given.size() != inputs.size()) {
      throw ShapeError(concat("expected ", inputs.size(), inputs.size() == 1 ? " input (" : " inputs (", join(inputs),
                              "), got ", given.size()),
                       "name them in 'inputs', in the order of 'from'");
    }
    Formula read;
    const auto mistake = Formula::read(formula, inputs, read);
    DL_CHECK(!mistake, formula);
    return read.build(given);
  }
};
DL_LAYER(Expression, "expression");

}  // namespace
}  // namespace dl
