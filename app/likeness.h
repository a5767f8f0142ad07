// Samples that are the same, bit by bit, within the parts of a data set and between them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

class Likeness {
 public:
  // The inputs of all samples of a part are compared with those of the parts before.
  void add(const std::string& part, const Dataset& data);

  // Samples of a part whose inputs are those of a sample of another part, or of one before it in the same part.
  struct Alike {
    std::string part, as_in;
    int64_t samples = 0, other_targets = 0;             // of these, how many have another target
    std::vector<std::pair<int64_t, int64_t>> examples;  // (its index, the other's)
  };
  const std::vector<Alike>& found() const { return found_; }

 private:
  struct Seen {
    size_t part;
    int64_t index;
    uint64_t target;
  };
  std::vector<std::string> parts_;
  std::unordered_map<uint64_t, Seen> seen_;  // by the hash of the inputs
  std::vector<Alike> found_;
};

}  // namespace dl
