// The order of classes that cells, folders, records or annotations name.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

namespace dl {

// Each name once: numbers by their value, others by their bytes.
std::vector<std::string> sorted_classes(std::span<const std::string> names);

}  // namespace dl
