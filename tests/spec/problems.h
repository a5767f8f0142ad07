// What an action reports, as the user sees it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lib/base/error.h"

namespace dl {

// The rendered problems of the Error that `action` throws; empty where it throws none.
inline std::string problems_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Problems that were collected.
inline std::string rendered(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += (out.empty() ? "" : "\n") + render(problem);
  return out;
}

}  // namespace dl
