// States of controllers, and a run's own.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/controller.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/error.h"
#include "lib/train/plan.h"

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

double Figures::operator()(const std::string& name) const {
  const auto found = std::ranges::find(values_, name, &Measured::name);
  return found != values_.end() ? found->value : std::numeric_limits<double>::quiet_NaN();
}

bool is_gain(double value, const std::optional<double>& best, bool higher_is_better, double min_delta) {
  if (std::isnan(value)) return false;
  if (!best) return true;
  return higher_is_better ? value > *best + min_delta : value < *best - min_delta;
}

std::vector<std::unique_ptr<Controller>> controllers_of(const Plan& plan) {
  std::vector<std::unique_ptr<Controller>> own;
  for (const Keyed<Controller>& keyed : plan.run.trainer.controllers) {
    if (!keyed.object) continue;
    std::vector<Problem> problems;
    own.push_back(Registry<Controller>::make(keyed.name));
    read_object(write_object(*keyed.object), *own.back(), Reading(problems));
    DL_CHECK(problems.empty(), keyed.name, " does not read what it wrote");
  }
  return own;
}

}  // namespace dl
