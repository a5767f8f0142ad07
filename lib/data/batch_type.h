// The type of a batch: programs are made for each that occurs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/graph/type.h"

namespace dl {

// So many samples, and the fields whose samples are of another type in this batch than the data say: sequences that are
// padded to fewer places than the longest have.
struct BatchType {
  BatchType(int64_t samples) : count(samples) {}  // NOLINT: a number of samples is the type of a usual batch
  int64_t count;
  std::vector<std::pair<std::string, Type>> other;

  // Of one sample of a field that is of type `usual` elsewhere.
  const Type& sample(const std::string& field, const Type& usual) const {
    const auto found = std::ranges::find(other, field, &std::pair<std::string, Type>::first);
    return found == other.end() ? usual : found->second;
  }

  bool operator==(const BatchType&) const = default;
  bool operator<(const BatchType& b) const {
    if (count != b.count) return count < b.count;
    return std::ranges::lexicographical_compare(other, b.other, [](const auto& x, const auto& y) {
      return std::tie(x.first, x.second.dtype, x.second.shape.sizes()) <
             std::tie(y.first, y.second.dtype, y.second.shape.sizes());
    });
  }
};

}  // namespace dl
