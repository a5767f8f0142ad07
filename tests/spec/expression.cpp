// lib/spec/expression: arithmetic in ${…}.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/expression.h"

#include <doctest/doctest.h>

#include <map>

using namespace dl;

namespace {

const std::map<std::string, Node> names{{"a", Node::integer(3)},       {"half", Node::number(0.5)},
                                        {"word", Node::string("abc")}, {"data.classes", Node::integer(10)},
                                        {"m[3].p", Node::integer(7)},  {"list", Node::list({Node::integer(1)})}};

Evaluated evaluated(const std::string& text) {
  return evaluate(text, [](const std::string& name) -> std::optional<Node> {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string value(const std::string& text) {
  try {
    const Evaluated result = evaluated(text);
    return result.value ? result.value->described() : "later: " + result.rest;
  } catch (const ExpressionError& error) {
    std::string out = error.what;
    for (const std::string& note : error.notes) out += " | " + note;
    return out;
  }
}

}  // namespace

TEST_CASE("arithmetic is Python's") {
  const std::pair<const char*, const char*> cases[] = {
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"7 // 2", "3"},
      {"-7 // 2", "-4"},
      {"7 % 3", "1"},
      {"-7 % 3", "2"},
      {"7 % -3", "-2"},
      {"7 / 2", "3.5"},
      {"8 / 2", "4"},
      {"--3", "3"},
      {"2 - 3 - 4", "-5"},
      {"1e3 * 2", "2000"},
      {"a*a", "9"},
      {"a - 1", "2"},
      {"a * half", "1.5"},
      {"data.classes", "10"},
      {"data.classes + m[3].p", "17"},
      {" a ", "3"},
      {"7.5 // 2", "3"},
      {"-9223372036854775807 - 1", "-9223372036854775808"},
  };
  for (const auto& [text, result] : cases) {
    CAPTURE(text);
    CHECK(value(text) == result);
  }
}

TEST_CASE("a name alone keeps the type of its value") {
  CHECK(value("word") == "'abc'");
  CHECK(value("list") == "a list of 1");
}

TEST_CASE("names that are not known yet leave the rest of the expression") {
  CHECK(value("later") == "later: later");
  CHECK(value("a * later + data.classes") == "later: (3) * later + (10)");
  CHECK(value("(later - a) // (a - 3)") == "later: (later - (3)) // ((3) - 3)");
}

TEST_CASE("an expression that cannot be computed says why") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "nothing stands in ${}"},
      {"a +", "expected a name or a number in ${a +}, got the end"},
      {"a b", "expected an operator in ${a b}, got 'b'"},
      {"(a", "expected ')' in ${(a}, got the end"},
      {"a.", "expected a name after '.' in ${a.}, got the end"},
      {"a[x]", "expected an index in ${a[x]}, got 'x]'"},
      {"a ** 2", "expected a name or a number in ${a ** 2}, got '* 2'"},
      {"a / 0", "${a / 0} divides by 0"},
      {"a % (a - 3)", "${a % (a - 3)} divides by 0"},
      {"word + 1", "expected a number in ${word + 1}, got 'abc' | that is word"},
      {"1.2.3", "expected a number in ${1.2.3}, got '1.2.3'"},
      {"9223372036854775807 + 1", "${9223372036854775807 + 1} is out of range"},
      {"(0 - 9223372036854775807 - 1) // -1", "${(0 - 9223372036854775807 - 1) // -1} is out of range"},
      {"1e308 * 10", "${1e308 * 10} is out of range"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK(value(text) == message);
  }
  CHECK(value(std::string(100'000, '(')) == "more than 64 signs or parentheses in one another");
  CHECK(value(std::string(100'000, '-') + "1") == "more than 64 signs or parentheses in one another");
}
