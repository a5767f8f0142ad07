// What stands in the place of a list of layers and is none.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/node.h"

namespace dl {

// What to write for it: layers as items, parts as blocks, files of other programs as what they are here.
std::string items_help(const Node& given);

}  // namespace dl
