// By descent.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/call_text.h"

#include <cctype>

#include "lib/base/error.h"

namespace dl::code {
namespace {

class CallReader {
 public:
  explicit CallReader(const std::string& text) : text_(text) {}

  CallTree whole() {
    CallTree e = expression();
    DL_CHECK(at_ == text_.size(), "'", text_, "' goes on at ", at_);
    return e;
  }

 private:
  char next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) { return next() == c && ++at_ > 0; }
  static bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; }
  std::string run(bool (*belongs)(char)) {
    const size_t begin = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  CallTree expression() {
    CallTree e = atom();
    while (take('(')) {
      CallTree call{CallTree::Kind::call, {}, {std::move(e)}, {}};
      while (!take(')')) {
        CallTree argument = expression();
        if (take('='))
          call.named.emplace_back(argument.text, expression());
        else
          call.items.push_back(std::move(argument));
        DL_CHECK(take(',') || next() == ')', "'", text_, "' at ", at_);
      }
      e = std::move(call);
    }
    return e;
  }

  CallTree atom() {
    const char c = next();
    if (c == '{') {
      const size_t begin = at_, end = text_.find('}', at_);
      DL_CHECK(end != std::string::npos, "'", text_, "'");
      at_ = end + 1;
      return {CallTree::Kind::name, text_.substr(begin, at_ - begin), {}, {}};
    }
    if (c == '\'') {
      const size_t begin = ++at_;
      at_ = text_.find('\'', begin);
      DL_CHECK(at_ != std::string::npos, "'", text_, "'");
      return {CallTree::Kind::text, text_.substr(begin, at_++ - begin), {}, {}};
    }
    if (take('[') || take('(')) {
      CallTree list{CallTree::Kind::list, {}, {}, {}};
      while (!take(']') && !take(')')) {
        list.items.push_back(expression());
        take(',');
      }
      return list;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-')
      return {CallTree::Kind::number, run([](char d) { return is_of_name(d) || d == '-'; }), {}, {}};
    const std::string name = run(is_of_name);
    DL_CHECK(!name.empty(), "'", text_, "' at ", at_);
    return {CallTree::Kind::name, name, {}, {}};
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

CallTree read_call(const std::string& text) { return CallReader(text).whole(); }

}  // namespace dl::code
