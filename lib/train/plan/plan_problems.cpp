// Problems of a plan.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan_problems.h"

#include <utility>

#include "lib/spec/node.h"
#include "lib/spec/reading.h"

namespace dl {

void PlanProblems::add(const std::string& path, std::string what, std::string help, Exit exit) {
  Problem problem = located(path, std::move(what));
  problem.help = std::move(help);
  problem.exit = exit;
  add(std::move(problem));
}

void PlanProblems::warn(const std::string& path, std::string what, std::string help) {
  Problem problem = located(path, std::move(what));
  problem.help = std::move(help);
  add_problem(plan_.warnings, std::move(problem));
}

Problem PlanProblems::located(const std::string& path, std::string what) const {
  const Node* node = find_path(plan_.spec, path);
  return {.where = node ? node->where : Where{}, .path = path, .what = std::move(what)};
}

void PlanProblems::add(Problem problem) { add_problem(all_, std::move(problem)); }

}  // namespace dl
