// A node in one line of YAML, for messages: {linear: {out_features: 10}}.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/node.h"

namespace dl {

std::string to_yaml_line(const Node& node);

}  // namespace dl
