// The classes of a module in the making. Classes that differ in numbers only are one, which is given these numbers: a
// block that is used with 16 channels and with 32 is Block(16) and Block(32).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl::code {

class ClassTable {
 public:
  // An expression that makes an object of a class with this body, "(nn.Module):\n …", of which __init__ comes before
  // all else and takes self only. It is to stand in other bodies, or to be resolved. The name is the wanted one, with a
  // number behind it where that is another class's.
  std::string make(const std::string& wanted, const std::string& body);
  // As Python has it; when all classes are made.
  std::string resolved(const std::string& text) const;
  std::string definitions() const;  // in the order in which they were first made

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

  std::vector<Class> classes_;
};

}  // namespace dl::code
