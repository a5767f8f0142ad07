// Warnings told, refused and written.
// SPDX-License-Identifier: Apache-2.0
#include "app/warnings.h"

#include "app/console/output.h"

namespace dl {

void declare_strict(CLI::App& app, bool& strict) {
  app.add_flag("--strict", strict, "refuse a config that there are warnings of");
}

void refuse(const std::vector<Problem>& warnings) {
  if (!warnings.empty()) throw Error(Exit::usage, warnings);
}

void tell(const std::vector<Problem>& warnings) {
  for (const Problem& warning : warnings) warn(problem_text(warning));
}

Node json_warnings(const std::vector<Problem>& warnings) {
  Node texts = Node::list();
  for (const Problem& warning : warnings) texts.items.push_back(Node::string(problem_text(warning)));
  return texts;
}

}  // namespace dl
