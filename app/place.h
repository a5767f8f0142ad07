// Where a sample was read from, as a person at the current folder names it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/data/dataset.h"

namespace dl {

// "photos/cat/1.png", "people.csv:12"; empty where the set does not know.
std::string place_text(const Dataset& data, int64_t sample);

}  // namespace dl
