// Arithmetic in ${…}: a recursive-descent parser that computes as it reads.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/expression.h"

#include <cmath>
#include <optional>

#include "lib/base/text.h"

namespace dl {
namespace {

// An integer as long as it can be one.
struct Number {
  bool is_integer = true;
  int64_t integer = 0;
  double real = 0;

  static Number of(int64_t value) { return {true, value, static_cast<double>(value)}; }
  static Number of(double value) { return {false, 0, value}; }
};

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  Parser(std::string_view text, const NameLookup& lookup) : text_(text), lookup_(lookup) {}

  Evaluated run() {
    const std::string_view whole = trim(text_);
    if (whole.empty()) throw ExpressionError{"nothing stands in ${}", "write a name in it", {}};
    at_ = static_cast<size_t>(whole.data() - text_.data());
    text_ = text_.substr(0, at_ + whole.size());
    const size_t start = at_;
    if (letter(text_[at_])) {
      const std::string only = name();
      if (at_ == text_.size()) {
        std::optional<Node> value = lookup_(only);
        return value ? Evaluated{std::move(value), ""} : Evaluated{{}, only};
      }
      at_ = start;
    }
    const Number result = sum(0);
    skip_space();
    if (at_ < text_.size()) fail("an operator");
    if (!complete_) return {{}, rest_ + std::string(text_.substr(copied_))};
    return {result.is_integer ? Node::integer(result.integer) : Node::number(result.real), ""};
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    const std::string found = at_ < text_.size() ? "'" + shortened(text_.substr(at_)) + "'" : "the end";
    throw ExpressionError{"expected " + expected + " in ${" + shortened(text_) + "}, got " + found,
                          "write names, numbers, + - * / // % and parentheses",
                          {}};
  }

  [[noreturn]] void out_of_range() const {
    throw ExpressionError{"${" + shortened(text_) + "} is out of range", "use smaller numbers", {}};
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool take(std::string_view sign) {
    skip_space();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  Number sum(int depth) {
    Number value = product(depth);
    while (true) {
      if (take("+"))
        value = add(value, product(depth));
      else if (take("-"))
        value = subtract(value, product(depth));
      else
        return value;
    }
  }

  Number product(int depth) {
    Number value = factor(depth);
    while (true) {
      if (take("//"))
        value = floor_divide(value, factor(depth));
      else if (take("*"))
        value = multiply(value, factor(depth));
      else if (take("/"))
        value = divide(value, factor(depth));
      else if (take("%"))
        value = remainder(value, factor(depth));
      else
        return value;
    }
  }

  Number factor(int depth) {
    if (depth > deepest) throw ExpressionError{"more than 64 signs or parentheses in one another", "write less", {}};
    if (take("-")) return subtract(Number::of(int64_t{0}), factor(depth + 1));
    if (take("(")) {
      const Number value = sum(depth + 1);
      if (!take(")")) fail("')'");
      return value;
    }
    skip_space();
    if (at_ >= text_.size()) fail("a name or a number");
    if (digit(text_[at_]) || text_[at_] == '.') return literal();
    if (!letter(text_[at_])) fail("a name or a number");
    const size_t start = at_;
    const std::string called = name();
    const std::optional<Node> node = lookup_(called);
    if (!node) {
      complete_ = false;
      return Number::of(int64_t{1});
    }
    const Number value = number_of(called, *node);
    rest_ += std::string(text_.substr(copied_, start - copied_)) + "(" + node->text + ")";
    copied_ = at_;
    return value;
  }

  Number literal() {
    const size_t start = at_;
    while (at_ < text_.size() && (digit(text_[at_]) || text_[at_] == '.')) ++at_;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
      while (at_ < text_.size() && digit(text_[at_])) ++at_;
    }
    const Node node = Node::scalar(std::string(text_.substr(start, at_ - start)));
    return number_of("", node);
  }

  Number number_of(const std::string& called, const Node& node) const {
    if (const auto integer = node.as_integer()) return Number::of(*integer);
    if (const auto real = node.as_number()) return Number::of(*real);
    throw ExpressionError{"expected a number in ${" + shortened(text_) + "}, got " + node.described(), "",
                          called.empty() ? std::vector<std::string>{} : std::vector{"that is " + called}};
  }

  std::string name() {
    const size_t start = at_;
    while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) ++at_;
    while (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '[')) {
      const bool bracket = text_[at_++] == '[';
      const size_t part = at_;
      while (at_ < text_.size() && (digit(text_[at_]) || (!bracket && letter(text_[at_])))) ++at_;
      if (at_ == part) fail(bracket ? "an index" : "a name after '.'");
      if (bracket && (at_ == text_.size() || text_[at_++] != ']')) fail("']'");
    }
    return std::string(text_.substr(start, at_ - start));
  }

  template <class OnIntegers, class OnReals>
  Number combine(const Number& a, const Number& b, OnIntegers on_integers, OnReals on_reals) const {
    if (!complete_) return Number::of(int64_t{1});  // only the syntax matters
    if (a.is_integer && b.is_integer) {
      int64_t result = 0;
      if (on_integers(a.integer, b.integer, &result)) out_of_range();
      return Number::of(result);
    }
    const double result = on_reals(a.real, b.real);
    if (!std::isfinite(result)) out_of_range();
    return Number::of(result);
  }

  Number add(const Number& a, const Number& b) const {
    return combine(
        a, b, [](int64_t x, int64_t y, int64_t* z) { return __builtin_add_overflow(x, y, z); },
        [](double x, double y) { return x + y; });
  }
  Number subtract(const Number& a, const Number& b) const {
    return combine(
        a, b, [](int64_t x, int64_t y, int64_t* z) { return __builtin_sub_overflow(x, y, z); },
        [](double x, double y) { return x - y; });
  }
  Number multiply(const Number& a, const Number& b) const {
    return combine(
        a, b, [](int64_t x, int64_t y, int64_t* z) { return __builtin_mul_overflow(x, y, z); },
        [](double x, double y) { return x * y; });
  }

  void refuse_zero(const Number& b) const {
    if (complete_ && b.real == 0) throw ExpressionError{"${" + shortened(text_) + "} divides by 0", "", {}};
  }
  Number divide(const Number& a, const Number& b) const {
    refuse_zero(b);
    return combine(
        Number::of(a.real), Number::of(b.real), [](auto...) { return true; }, [](double x, double y) { return x / y; });
  }
  Number floor_divide(const Number& a, const Number& b) const {
    refuse_zero(b);
    const auto integers = [](int64_t x, int64_t y, int64_t* z) {
      if (y == -1) return __builtin_sub_overflow(int64_t{0}, x, z);
      *z = x / y - (x % y != 0 && (x < 0) != (y < 0));
      return false;
    };
    return combine(a, b, integers, [](double x, double y) { return std::floor(x / y); });
  }
  Number remainder(const Number& a, const Number& b) const {
    refuse_zero(b);
    const auto integers = [](int64_t x, int64_t y, int64_t* z) {
      *z = y == -1 ? 0 : x % y;
      if (*z != 0 && (*z < 0) != (y < 0)) *z += y;
      return false;
    };
    return combine(a, b, integers, [](double x, double y) { return x - y * std::floor(x / y); });
  }

  static constexpr int deepest = 64;

  std::string_view text_;
  const NameLookup& lookup_;
  size_t at_ = 0;
  bool complete_ = true;  // every name so far is known
  std::string rest_;      // with known names put in, up to copied_
  size_t copied_ = 0;
};

}  // namespace

Evaluated evaluate(std::string_view expression, const NameLookup& lookup) { return Parser(expression, lookup).run(); }

}  // namespace dl
