// Reads what tests/golden/generate.py recorded of PyTorch and compares.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/evaluate.h"
#include "tests/paths.h"
#include "tests/read_registered.h"

namespace dl::golden {

using Json = nlohmann::json;
using testing::Numbers;

// Calls `check` with each case of each NAME.json in tests/golden/FOLDER.
inline void for_each_case(const std::string& folder, const std::function<void(const Json&)>& check) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(dl::testing::source_dir()) /
                                                               "tests/golden" / folder)) {
    if (entry.path().extension() != ".json") continue;
    const Json file = Json::parse(std::ifstream(entry.path()));
    for (const Json& recorded : file.at("cases")) {
      const std::string yaml = recorded["yaml"];
      CAPTURE(yaml);
      check(recorded);
      ++cases;
    }
  }
  REQUIRE(cases > 0);
}

inline Shape shape_of(const Json& tensor) { return Shape(tensor["shape"].get<std::vector<int64_t>>()); }

// Within `tolerance` of the largest recorded number, or of `least` where all are smaller.
inline void check_near(const std::string& what, const Numbers& ours, const Json& recorded, double tolerance = 1e-5,
                       double least = 1e-3) {
  REQUIRE_MESSAGE(ours.size() == recorded.size(), what);
  double largest = least;
  for (const Json& value : recorded) largest = std::max(largest, std::abs(value.get<double>()));
  for (size_t i = 0; i < ours.size(); ++i) {
    const double theirs = recorded[i].get<double>();
    CHECK_MESSAGE(std::abs(double{ours[i]} - theirs) <= tolerance * largest, what, "[", i, "] is ", ours[i],
                  ", PyTorch's is ", theirs);
  }
}

}  // namespace dl::golden
