// Formulas: a reader by recursive descent, and the functions there are.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/formula.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numbers>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/nn/functions.h"
#include "lib/nn/merge_layer.h"

namespace dl {

namespace {

// What a function gives of values, or where all are numbers, of numbers.
struct Known {
  const char* name;
  size_t arity;
  Value (*of)(const std::vector<Value>&);
};
using V = const std::vector<Value>&;

constexpr Known known[] = {
    // Signs, by their names.
    {"+", 2, [](V v) { return v[0] + v[1]; }},
    {"-", 2, [](V v) { return v[0] - v[1]; }},
    {"*", 2, [](V v) { return v[0] * v[1]; }},
    {"/", 2, [](V v) { return v[0] / v[1]; }},
    {"^", 2, [](V v) { return pow(v[0], v[1]); }},
    {"<", 2, [](V v) { return v[0] < v[1]; }},
    {"<=", 2, [](V v) { return v[0] <= v[1]; }},
    {">", 2, [](V v) { return v[0] > v[1]; }},
    {">=", 2, [](V v) { return v[0] >= v[1]; }},
    {"==", 2, [](V v) { return equal(v[0], v[1]); }},
    {"negative", 1, [](V v) { return -v[0]; }},
    // Functions.
    {"abs", 1, [](V v) { return abs(v[0]); }},
    {"cos", 1, [](V v) { return map(Function::cos, v[0]); }},
    {"erf", 1, [](V v) { return erf(v[0]); }},
    {"exp", 1, [](V v) { return exp(v[0]); }},
    {"floor", 1, [](V v) { return map(Function::floor, v[0]); }},
    {"gelu", 1, [](V v) { return map(Function::gelu, v[0]); }},
    {"log", 1, [](V v) { return log(v[0]); }},
    {"log_softmax", 1, [](V v) { return log_softmax(v[0]); }},
    {"max", 2, [](V v) { return maximum(v[0], v[1]); }},
    {"mean", 1, [](V v) { return mean(v[0], {-1}); }},
    {"min", 2, [](V v) { return minimum(v[0], v[1]); }},
    {"pow", 2, [](V v) { return pow(v[0], v[1]); }},
    {"relu", 1, [](V v) { return maximum(v[0], 0); }},
    {"rsqrt", 1, [](V v) { return rsqrt(v[0]); }},
    {"sigmoid", 1, [](V v) { return sigmoid(v[0]); }},
    {"sign", 1, [](V v) { return (v[0] > 0) - (v[0] < 0); }},
    {"silu", 1, [](V v) { return v[0] * sigmoid(v[0]); }},
    {"sin", 1, [](V v) { return map(Function::sin, v[0]); }},
    {"softmax", 1, [](V v) { return softmax(v[0]); }},
    {"softplus", 1, [](V v) { return softplus(v[0]); }},
    {"sqrt", 1, [](V v) { return sqrt(v[0]); }},
    {"square", 1, [](V v) { return v[0] * v[0]; }},
    {"stop_gradient", 1, [](V v) { return stop_gradient(v[0]); }},
    {"sum", 1, [](V v) { return sum(v[0], {-1}); }},
    {"tanh", 1, [](V v) { return tanh(v[0]); }},
    {"where", 3, [](V v) { return where(v[0], v[1], v[2]); }},
};

size_t index_of(std::string_view name) {
  return static_cast<size_t>(
      std::find_if(std::begin(known), std::end(known), [&](const Known& f) { return f.name == name; }) -
      std::begin(known));
}

bool begins_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool goes_on_in_name(char c) { return begins_name(c) || std::isdigit(static_cast<unsigned char>(c)); }

}  // namespace

class FormulaReader {
 public:
  FormulaReader(const std::string& text, const std::vector<std::string>& inputs, Formula& formula)
      : text_(text), inputs_(inputs), formula_(formula) {}

  void read() {
    comparison();
    if (!at_end())
      fail(concat("expected an operator or the end, got '", text_.substr(at_, 1), "'"),
           "write + - * / ^ or a comparison");
  }

 private:
  [[noreturn]] void fail_at(size_t place, const std::string& what, std::string help = {}) const {
    throw Formula::Mistake{concat("at sign ", place + 1, " of '", text_, "': ", what), std::move(help)};
  }
  [[noreturn]] void fail(const std::string& what, std::string help = {}) const { fail_at(at_, what, std::move(help)); }

  bool at_end() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ == text_.size();
  }
  bool take(std::string_view sign) {
    if (at_end() || text_.compare(at_, sign.size(), sign) != 0) return false;
    at_ += sign.size();
    return true;
  }

  size_t add(Formula::Term term) {
    formula_.terms_.push_back(std::move(term));
    return formula_.terms_.size() - 1;
  }
  size_t call(std::string_view name, std::vector<size_t> operands) {
    return add({.kind = Formula::Term::Kind::call, .index = index_of(name), .terms = std::move(operands)});
  }

  size_t comparison() {
    size_t left = sum_of_products();
    for (const char* sign : {"<=", ">=", "==", "<", ">"})
      if (take(sign)) return call(sign, {left, sum_of_products()});
    return left;
  }
  size_t sum_of_products() {
    size_t left = product();
    while (true) {
      if (take("+"))
        left = call("+", {left, product()});
      else if (take("-"))
        left = call("-", {left, product()});
      else
        return left;
    }
  }
  size_t product() {
    size_t left = signed_power();
    while (true) {
      if (text_.compare(at_, 2, "**") != 0 && take("*"))
        left = call("*", {left, signed_power()});
      else if (take("/"))
        left = call("/", {left, signed_power()});
      else
        return left;
    }
  }
  // A sign belongs to the whole power, as in Python: -x ^ 2 is -(x ^ 2).
  size_t signed_power() {
    constexpr int deepest = 200;
    if (++depth_ > deepest)
      fail("expected at most 200 nested signs and parentheses", "make the formula of several layers");
    size_t term;
    if (take("-")) {
      term = call("negative", {signed_power()});
    } else {
      take("+");
      term = primary();
      if (take("^") || take("**")) term = call("^", {term, signed_power()});
    }
    --depth_;
    return term;
  }
  size_t primary() {
    if (at_end()) fail("expected a number, an input or a function, got the end");
    if (take("(")) {
      const size_t inner = comparison();
      if (!take(")"))
        fail(at_end() ? "expected ')', got the end" : concat("expected ')', got '", text_.substr(at_, 1), "'"));
      return inner;
    }
    const char c = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return number();
    if (begins_name(c)) return name();
    fail(concat("expected a number, an input or a function, got '", std::string(1, c), "'"));
  }
  size_t number() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("expected a number");
    at_ = static_cast<size_t>(end - text_.data());
    return add({.number = value});
  }
  size_t name() {
    const size_t begin = at_;
    while (at_ < text_.size() && goes_on_in_name(text_[at_])) ++at_;
    const std::string word = text_.substr(begin, at_ - begin);
    if (take("(")) return function(word, begin);
    if (const auto found = std::ranges::find(inputs_, word); found != inputs_.end())
      return add({.kind = Formula::Term::Kind::input, .index = static_cast<size_t>(found - inputs_.begin())});
    if (word == "pi") return add({.number = std::numbers::pi});
    if (word == "e") return add({.number = std::numbers::e});
    const std::string meant = closest(word, inputs_);
    const std::vector<std::string> functions = Formula::functions();
    if (std::ranges::count(functions, word) > 0)
      fail_at(begin, concat("expected '(' behind the function '", word, "'"),
              concat("write '", word, "(", inputs_[0], ")'"));
    fail_at(begin, concat("unknown input '", word, "'"),
            meant.empty() ? concat("the inputs are ", join(inputs_), "; name them by 'inputs'")
                          : concat("write '", meant, "'"));
  }
  size_t function(const std::string& word, size_t begin) {
    const std::vector<std::string> functions = Formula::functions();
    if (std::ranges::count(functions, word) == 0) {
      const std::string meant = closest(word, functions);
      fail_at(begin, concat("unknown function '", word, "'"),
              meant.empty() ? concat("the functions are ", join(functions)) : concat("write '", meant, "'"));
    }
    std::vector<size_t> operands;
    do operands.push_back(comparison());
    while (take(","));
    if (!take(")"))
      fail(at_end() ? "expected ')', got the end" : concat("expected ',' or ')', got '", text_.substr(at_, 1), "'"));
    const size_t arity = known[index_of(word)].arity;
    if (operands.size() != arity)
      fail_at(begin, concat("expected ", arity, arity == 1 ? " operand of '" : " operands of '", word, "', got ",
                            operands.size()));
    return call(word, std::move(operands));
  }

  const std::string& text_;
  const std::vector<std::string>& inputs_;
  Formula& formula_;
  size_t at_ = 0;
  int depth_ = 0;
};

std::optional<Formula::Mistake> Formula::read(const std::string& text, const std::vector<std::string>& inputs,
                                              Formula& formula) {
  formula.terms_.clear();
  try {
    FormulaReader(text, inputs, formula).read();
  } catch (const Mistake& mistake) {
    return mistake;
  }
  return std::nullopt;
}

std::vector<std::string> Formula::functions() {
  std::vector<std::string> names;
  for (const Known& f : known)
    if (begins_name(f.name[0]) && f.name != std::string_view("negative")) names.emplace_back(f.name);
  return names;
}

Value Formula::build(std::span<const Value> inputs) const {
  Graph& g = *inputs[0].graph;
  std::vector<Value> made;
  for (const Term& term : terms_) {
    if (term.kind == Term::Kind::number) {
      made.push_back(constant(g, term.number));
    } else if (term.kind == Term::Kind::input) {
      made.push_back(inputs[term.index]);
    } else {
      std::vector<Value> operands;
      for (const size_t index : term.terms) operands.push_back(made[index]);
      for (size_t i = 0; i < operands.size(); ++i)
        for (size_t j = i + 1; j < operands.size(); ++j)
          if (operands[i].shape().rank() > 0 && operands[j].shape().rank() > 0)
            bring_together(operands[i], operands[j]);
      const std::string_view name = known[term.index].name;
      if (name == "sum" || name == "mean" || name == "softmax" || name == "log_softmax") {
        if (operands[0].shape().rank() == 0) operands[0] = reshape(operands[0], {1, 1});
        if (operands[0].shape().rank() == 1)
          throw ShapeError(concat("expected features for '", name, "', got one number a sample"), "leave it out");
      }
      made.push_back(known[term.index].of(operands));
    }
  }
  const bool reads = std::ranges::any_of(terms_, [](const Term& term) { return term.kind == Term::Kind::input; });
  if (!reads) return broadcast_to(reshape(made.back(), {}), inputs[0].shape());
  return made.back();
}

}  // namespace dl
