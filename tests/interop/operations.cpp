// Reading the headers of the operations.
// SPDX-License-Identifier: Apache-2.0
#include "tests/interop/operations.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <regex>

#include "tests/folder.h"
#include "tests/paths.h"

namespace dl::testing {

std::set<std::string> operations_of_evaluation() {
  static const std::set<std::string> others{"attention_grad",          "embedding_grad", "max_pool2d_grad",
                                            "recurrent_grad",          "cross_entropy",  "cross_entropy_grad",
                                            "convolution_grad_weight", "write_rows",     "linear_cross_entropy",
                                            "jaccard_slopes",          "match_boxes",    "best_boxes"};
  static const std::regex name("\"([a-z0-9_]+)\"");
  std::set<std::string> names;
  for (const auto& header : std::filesystem::directory_iterator(std::filesystem::path(source_dir()) / "lib/graph/ops"))
    for (const std::string& line : lines_of(text_of(header.path()))) {
      if (line.find("name() const override {") == std::string::npos) continue;
      for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it)
        if (!others.contains((*it)[1])) names.insert((*it)[1]);
    }
  REQUIRE(names.size() > 20);
  return names;
}

}  // namespace dl::testing
