// What is found wrong while a plan is made, told at the places of the keys that it is about.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/train/plan/plan.h"

namespace dl {

class PlanProblems {
 public:
  // Of the plan's spec; what is not wrong but doubted goes to its warnings.
  explicit PlanProblems(Plan& plan) : plan_(plan) {}

  std::vector<Problem>& all() { return all_; }
  bool none() const { return all_.empty(); }

  // By the key's path: "data.batch_size".
  void add(const std::string& path, std::string what, std::string help, Exit exit = Exit::usage);
  void warn(const std::string& path, std::string what, std::string help);
  // A problem to be completed, and one that is complete.
  Problem located(const std::string& path, std::string what) const;
  void add(Problem problem);

 private:
  Plan& plan_;
  std::vector<Problem> all_;
};

}  // namespace dl
