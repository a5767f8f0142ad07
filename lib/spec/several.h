// What to write where several values of a kind stand, in a list or a map, and one is expected: 'losses:' for losses.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/node.h"

namespace dl {

using SeveralHelp = std::string (*)(const Node& several);  // empty where they do not say
// Of a kind of registered types: "loss".
void say_of_several(const std::string& kind, SeveralHelp help);
std::string help_of_several(const std::string& kind, const Node& several);

}  // namespace dl
