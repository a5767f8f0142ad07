// Where a value of a loaded spec came from.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/spec/node.h"

namespace dl {

struct Explanation {
  std::string path;
  Node value;
  std::string origin;  // "configs/run.yaml:14:20", "--set optimizer.adamw.lr=1", "default", "${env:LR} at …"
  std::vector<std::pair<std::string, std::string>> overrode;  // value and origin, latest first
  std::string text() const;  // "optimizer.adamw.lr: 0.001, from …", then a line "  instead of 0.01, from …" each
};

// `resolved` is what write_object made of it: a value that only it has is a default. Throws Error(Exit::usage) where
// there is no such value, naming those beside it.
Explanation explain(const Node& spec, const Node& resolved, const std::string& path);

}  // namespace dl
