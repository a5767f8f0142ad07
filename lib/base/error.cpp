// Rendering of errors.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"

#include <algorithm>
#include <utility>

#include "lib/base/printable.h"

namespace dl {

std::string Where::text() const {
  std::string out = file;
  if (line > 0) out += concat(out.empty() ? "line " : ":", line);
  if (line > 0 && column > 0) out += concat(":", column);
  return out;
}

std::string render(const Problem& problem) { return concat("error: ", problem_text(problem)); }

std::string problem_text(const Problem& problem) {
  std::string out;
  const std::string place = printable(problem.where.text());
  if (!place.empty()) out += place + ": ";
  if (!problem.path.empty()) out += printable(problem.path) + ": ";
  out += printable(problem.what);
  for (const std::string& note : problem.notes) out += "\n  " + printable(note);
  if (!problem.help.empty()) out += "\n  help: " + printable(problem.help);
  return out;
}

Error::Error(Exit exit, Problem problem) : Error(exit, std::vector<Problem>{std::move(problem)}) {}

Error::Error(Exit exit, std::vector<Problem> problems) : Error(std::move(problems)) {
  exit_ = exit;
  for (Problem& problem : problems_) problem.exit = exit;
}

Error::Error(std::vector<Problem> problems) : exit_(Exit::io), problems_(std::move(problems)) {
  for (const Problem& problem : problems_) {
    exit_ = std::min(exit_, problem.exit);
    text_ += concat(text_.empty() ? "" : "\n", render(problem));
  }
}

CheckFailure::CheckFailure(const char* file, int line, const char* condition, const std::string& values)
    : text_(concat("internal check failed: ", file, ":", line, ": ", condition, values.empty() ? "" : ": ", values,
                   "\n  help: this is a fault of dlcli; please report it with the config and this line")) {}

}  // namespace dl
