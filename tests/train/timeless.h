// Records of runs without what depends on time, to be compared.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "tests/folder.h"

namespace dl::testing {

// The lines of metrics.jsonl.
inline std::vector<std::string> timeless(const std::filesystem::path& path) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(text_of(path))) {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(line);
    for (const char* key : {"time_s", "samples_per_s", "input_wait"}) json.erase(key);
    out.push_back(json.dump());
  }
  return out;
}

}  // namespace dl::testing
