// The classes of a module in the making. Classes that differ in numbers only are one, which is given these numbers: a
// block that is used with 16 channels and with 32 is Block(16) and Block(32).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl::code {

// How classes are given numbers.
struct ClassForm {
  std::string before;        // what is written before: arguments of "def __init__(self", or fields of the class
  bool are_fields = false;   // read as self.NAME, and declared in lines before that text
  std::string end_of_given;  // where the numbers that are given end; empty: with the body
  std::vector<std::string> by_place;  // names of a call's numbers that have no keyword; those behind are "size"
};
const ClassForm& torch_classes();  // numbers are arguments of __init__, which comes before all else and takes self only
const ClassForm& linen_classes();  // numbers are fields, before @nn.compact

class ClassTable {
 public:
  explicit ClassTable(const ClassForm& form) : form_(form) {}

  // An expression that makes an object of a class with this body, "(nn.Module):\n …". It is to stand in other bodies,
  // or to be resolved, perhaps with arguments in its last parentheses, "()". The name is the wanted one, with a number
  // behind it where that is another class's.
  std::string make(const std::string& wanted, const std::string& body);
  // As Python has it; when all classes are made.
  std::string resolved(const std::string& text) const;
  // Of the classes that an expression makes objects of, and of those that these do, in the order in which they were
  // first made: an item that shares another's tensors calls that one's object, whatever was made for it.
  std::string definitions(const std::string& expression) const;

 private:
  struct Class {
    std::string name;
    std::vector<std::string> pieces;             // of the body, between its numbers
    std::vector<std::vector<std::string>> uses;  // the numbers of each object
  };
  struct Parameter {
    size_t column;  // the first of the numbers that it stands for
    std::string name;
  };
  const Class& named(const std::string& name) const;
  std::vector<Parameter> parameters(const Class& c) const;
  std::string name_of(const Class& c, size_t column) const;
  size_t numbers_given(const std::vector<std::string>& pieces) const;

  const ClassForm& form_;
  std::vector<Class> classes_;
};

}  // namespace dl::code
