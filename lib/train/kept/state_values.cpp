// Reading and writing the state of an object.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/state_values.h"

namespace dl {
namespace {

// A number of either kind: JSON does not tell 1 from 1.0.
std::optional<double> number_in(const StateValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return {};
}

}  // namespace

void StateVisitor::operator()(const std::string& name, int64_t& member) {
  if (writes_) {
    values_[name] = member;
  } else if (const auto found = values_.find(name); found != values_.end()) {
    if (const auto* whole = std::get_if<int64_t>(&found->second)) member = *whole;
  }
}

void StateVisitor::operator()(const std::string& name, double& member) {
  if (writes_) {
    values_[name] = member;
  } else if (const auto found = values_.find(name); found != values_.end()) {
    member = number_in(found->second).value_or(member);
  }
}

void StateVisitor::operator()(const std::string& name, std::optional<double>& member) {
  if (writes_) {
    values_[name] = member ? StateValue(*member) : StateValue();
  } else if (const auto found = values_.find(name); found != values_.end()) {
    member = number_in(found->second);
  }
}

void StateVisitor::operator()(const std::string& name, std::string& member) {
  if (writes_) {
    values_[name] = member;
  } else if (const auto found = values_.find(name); found != values_.end()) {
    if (const auto* text = std::get_if<std::string>(&found->second)) member = *text;
  }
}

}  // namespace dl
