// What --json prints: one object on one line.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "lib/nn/network.h"
#include "lib/spec/node.h"
#include "lib/train/kept/observer.h"

namespace dl {

Node json_object(std::initializer_list<std::pair<const char*, Node>> entries);
Node json_number(double value);                         // null where it is not finite, as in metrics.jsonl
Node json_object(const std::vector<Measured>& values);  // {"val/accuracy": 0.91, …}
Node json_list(const std::vector<std::string>& texts);
Node json_sizes(const std::vector<int64_t>& sizes);  // [28, 28, 1]
Node json_inputs(const Network& network);            // {"x": [28, 28, 1]}

std::string json_line(const Node& object);

}  // namespace dl
