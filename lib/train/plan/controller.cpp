// Figures by name, and a run's controllers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/controller.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/error.h"
#include "lib/train/plan/plan.h"

namespace dl {

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
