// How safetensors begin: with a size, whose bytes may be those of any other format, and JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace dl {

inline bool begins_as_safetensors(std::string_view start) {
  return start.size() > 8 && start[8] == '{' && start.substr(4, 4) == std::string(4, '\0');
}

}  // namespace dl
