// Finding numbers in bodies, and naming those that differ.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/class_table.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/code/text.h"

namespace dl::code {
namespace {

// Around the numbers of an object in an expression that is not resolved: "Block\1 16,2 \2()".
constexpr char opens = '\1', closes = '\2';

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_whole(const std::string& number) { return number.find_first_of(".e") == std::string::npos; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

struct Cut {
  std::vector<std::string> pieces, numbers;  // one piece more
};

// Numbers that stand for themselves: not in quotes, nor at the end of a name.
Cut cut(const std::string& text) {
  Cut made{{""}, {}};
  char quote = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (quote != 0 || c == '\'' || c == '"') {
      if (quote == 0)
        quote = c;
      else if (c == quote)
        quote = 0;
    } else if (is_digit(c) && (at == 0 || (!is_word(text[at - 1]) && text[at - 1] != '.'))) {
      size_t end = at;
      while (end < text.size() &&
             (is_word(text[end]) || text[end] == '.' || (text[end] == '-' && text[end - 1] == 'e')))
        ++end;
      made.numbers.push_back(text.substr(at, end - at));
      made.pieces.emplace_back();
      at = end;
      continue;
    }
    made.pieces.back() += c;
    ++at;
  }
  return made;
}

// Where a keyword or a call begins that a number behind `text` is given to: "f(a, b=" and "f(a, (1, ".
struct GivenTo {
  std::string keyword;  // empty: by its place
  size_t place = 0;
};
std::optional<GivenTo> given_to(const std::string& text) {
  const auto word_before = [&](size_t end) {
    size_t begin = end;
    while (begin > 0 && is_word(text[begin - 1])) --begin;
    return text.substr(begin, end - begin);
  };
  if (text.ends_with('=')) return GivenTo{word_before(text.size() - 1)};
  size_t place = 0;
  int depth = 0;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] == ')') ++depth;
    if (text[i] == ',' && depth == 0) ++place;
    if (text[i] != '(' || depth-- > 0) continue;
    depth = 0;
    if (i > 0 && text[i - 1] == '=') return GivenTo{word_before(i - 1)};
    if (i > 0 && is_word(text[i - 1])) return GivenTo{{}, place};
    place = 0;  // a tuple's
  }
  return std::nullopt;
}

std::set<std::string> classes_called(const std::string& text) {
  std::set<std::string> names;
  for (size_t open = text.find(opens); open != std::string::npos; open = text.find(opens, open + 1)) {
    size_t begin = open;
    while (begin > 0 && is_word(text[begin - 1])) --begin;
    names.insert(text.substr(begin, open - begin));
  }
  return names;
}

}  // namespace

const ClassForm& torch_classes() {
  static const ClassForm form{.before = "def __init__(self",
                              .are_fields = false,
                              .end_of_given = "def forward(",
                              .by_place = {"inputs", "outputs"}};
  return form;
}

const ClassForm& linen_classes() {
  static const ClassForm form{
      .before = "    @nn.compact", .are_fields = true, .end_of_given = "", .by_place = {"features", "kernel_size"}};
  return form;
}

size_t ClassTable::numbers_given(const std::vector<std::string>& pieces) const {
  for (size_t i = 0; i < pieces.size() && !form_.end_of_given.empty(); ++i)
    if (pieces[i].find(form_.end_of_given) != std::string::npos) return i;
  return pieces.size() - 1;
}

std::string ClassTable::make(const std::string& wanted, const std::string& body) {
  Cut found = cut(body);
  const auto fits = [&](const Class& c) {
    const auto given = static_cast<std::ptrdiff_t>(numbers_given(c.pieces));
    return c.name.starts_with(wanted) && c.pieces == found.pieces &&
           std::equal(c.uses[0].begin() + given, c.uses[0].end(), found.numbers.begin() + given);
  };
  auto made = std::ranges::find_if(classes_, fits);
  if (made == classes_.end()) {
    std::string name = wanted;
    for (int number = 2; std::ranges::count(classes_, name, &Class::name) > 0; ++number) name = concat(wanted, number);
    classes_.push_back({name, found.pieces, {}});
    made = classes_.end() - 1;
  }
  made->uses.push_back(found.numbers);
  return made->name + opens + join(found.numbers, ",") + closes + "()";
}

const ClassTable::Class& ClassTable::named(const std::string& name) const {
  const auto found = std::ranges::find(classes_, name, &Class::name);
  DL_CHECK(found != classes_.end(), "no class ", name);
  return *found;
}

std::vector<ClassTable::Parameter> ClassTable::parameters(const Class& c) const {
  std::vector<Parameter> made;
  const auto same = [&](size_t a, size_t b) {
    return std::ranges::all_of(c.uses, [&](const auto& use) { return use[a] == use[b]; });
  };
  for (size_t column = 0; column < c.uses[0].size(); ++column) {
    const bool differs = std::ranges::any_of(c.uses, [&](const auto& use) { return use[column] != c.uses[0][column]; });
    if (!differs || std::ranges::any_of(made, [&](const Parameter& p) { return same(p.column, column); })) continue;
    const std::string wanted = name_of(c, column);
    std::string name = wanted;
    for (int number = 2; std::ranges::count(made, name, &Parameter::name) > 0; ++number) name = concat(wanted, number);
    made.push_back({column, name});
  }
  return made;
}

// By what stands before the number: a keyword, the place in a module's arguments, or the parameter of a class that it
// is given to.
std::string ClassTable::name_of(const Class& c, size_t column) const {
  std::string before;
  for (size_t i = 0; i <= column; ++i) before += c.pieces[i] + (i < column ? c.uses[0][i] : "");
  if (const size_t open = before.rfind(opens);
      open != std::string::npos && before.find(closes, open) == std::string::npos) {
    size_t begin = open;
    while (begin > 0 && is_word(before[begin - 1])) --begin;
    const size_t place = static_cast<size_t>(std::ranges::count(before.substr(open), ','));
    const Class& inner = named(before.substr(begin, open - begin));
    return place < inner.uses[0].size() ? name_of(inner, place) : "n";
  }
  const std::optional<GivenTo> given = given_to(before);
  if (given && !given->keyword.empty()) return given->keyword;
  return given && given->place < form_.by_place.size() ? form_.by_place[given->place] : "size";
}

std::string ClassTable::resolved(const std::string& text) const {
  std::string out = text;
  for (size_t open = out.find(opens); open != std::string::npos; open = out.find(opens, open)) {
    size_t begin = open;
    while (begin > 0 && is_word(out[begin - 1])) --begin;
    const size_t end = out.find(closes, open);
    std::vector<std::string> numbers{""};
    for (const char c : out.substr(open + 1, end - open - 1)) {
      if (c == ',')
        numbers.emplace_back();
      else
        numbers.back() += c;
    }
    std::vector<std::string> given;
    for (const Parameter& p : parameters(named(out.substr(begin, open - begin)))) given.push_back(numbers.at(p.column));
    const bool more = out.at(end + 2) != ')';
    out.replace(open, end + 2 - open, "(" + join(given) + (more && !given.empty() ? ", " : ""));
  }
  return out;
}

std::string ClassTable::definitions(const std::string& expression) const {
  std::set<std::string> called = classes_called(expression);
  for (size_t i = classes_.size(); i-- > 0;)  // a class calls such as were made before it
    if (called.contains(classes_[i].name))
      for (const std::string& piece : classes_[i].pieces) called.merge(classes_called(piece));
  std::string text;
  for (const Class& c : classes_) {
    if (!called.contains(c.name)) continue;
    const std::vector<Parameter> given = parameters(c);
    std::string body = c.pieces[0], names;
    for (size_t column = 0; column < c.uses[0].size(); ++column) {
      std::string number = c.uses[0][column];
      for (const Parameter& p : given)
        if (std::ranges::all_of(c.uses, [&](const auto& use) { return use[p.column] == use[column]; }))
          number = (form_.are_fields ? "self." : "") + p.name;
      body += number + c.pieces[column + 1];
    }
    for (const Parameter& p : given)
      names += form_.are_fields ? "    " + p.name + (is_whole(c.uses[0][p.column]) ? ": int\n" : ": float\n")
                                : ", " + p.name;
    if (const size_t at = body.find(form_.before); at != std::string::npos && !names.empty())
      body.insert(form_.are_fields ? at : at + form_.before.size(), form_.are_fields ? names + "\n" : names);
    text += "\n\nclass " + c.name + resolved(body);
  }
  return text;
}

}  // namespace dl::code
