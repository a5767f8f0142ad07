// Sets that go on without a file that cannot be read, where the reader was told to.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/data/capability.h"

namespace dl {

class Skipping {
 public:
  virtual ~Skipping() = default;
  // Files that could not be read so far and were replaced by their successors.
  virtual std::vector<std::string> skipped() const = 0;
};

inline std::vector<std::string> skipped(const Dataset& data) {
  const auto skipping = capability<Skipping>(data);
  return skipping ? skipping->skipped() : std::vector<std::string>();
}

}  // namespace dl
