// What opening the data finds wrong with one key of the section `data:`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/dataset.h"
#include "lib/spec/reading.h"

namespace dl {

// Adds to the problems, under the key's path.
class KeyFindings {
 public:
  KeyFindings(std::vector<Problem>& problems, std::string path) : problems_(problems), path_(std::move(path)) {}

  // The result of `open`, or null and the problems that it threw: at `where`, unless they have a place.
  template <class Open>
  DatasetPointer attempt(Open open, const Where& where = {}) const {
    try {
      return open();
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        if (problem.path.empty()) problem.path = path_;
        if (problem.where.file.empty()) problem.where = where;
        add_problem(problems_, std::move(problem));
      }
      return nullptr;
    }
  }
  void add(const Where& where, std::string what, std::string help = {}) const {
    add_problem(problems_, {.where = where, .path = path_, .what = std::move(what), .help = std::move(help)});
  }

 private:
  std::vector<Problem>& problems_;
  const std::string path_;
};

}  // namespace dl
