// What an object keeps of itself in a checkpoint beside tensors: numbers and texts by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace dl {

using StateValue = std::variant<std::monostate, int64_t, double, std::string>;
using StateValues = std::map<std::string, StateValue>;

// Writes an object's members to its state, or sets them from one. What the state does not have stays.
class StateVisitor {
 public:
  static StateVisitor writing(StateValues& values) { return {values, true}; }
  static StateVisitor reading(StateValues& values) { return {values, false}; }

  void operator()(const std::string& name, int64_t& member);
  void operator()(const std::string& name, double& member);
  void operator()(const std::string& name, std::optional<double>& member);
  void operator()(const std::string& name, std::string& member);

 private:
  StateVisitor(StateValues& values, bool writes) : values_(values), writes_(writes) {}
  StateValues& values_;
  bool writes_;
};

}  // namespace dl
