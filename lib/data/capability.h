// What some sets can do beside giving samples (labels without reading them, windows of images, …) is a small interface
// each. A set has those that it derives from, and those of the set it stands around, unless it has its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

template <class Capability>
class Found {
 public:
  Found() = default;
  Found(const Dataset& data, const Dataset& holder, const Capability& capability)
      : data_(&data), holder_(&holder), capability_(&capability) {}

  explicit operator bool() const { return capability_ != nullptr; }
  const Capability* operator->() const { return capability_; }
  // What the set's sample `index` is to the one that has the capability.
  int64_t index(int64_t index) const {
    for (const Dataset* data = data_; data != holder_; data = data->inner()) index = data->inner_index(index);
    return index;
  }
  // Whether they are the set's own.
  bool has_same_indices() const { return data_ == holder_; }
  std::vector<int64_t> indices(std::span<const int64_t> samples) const {
    std::vector<int64_t> all;
    all.reserve(samples.size());
    for (const int64_t sample : samples) all.push_back(index(sample));
    return all;
  }

 private:
  const Dataset *data_ = nullptr, *holder_ = nullptr;
  const Capability* capability_ = nullptr;
};

// Valid as long as the set is.
template <class Capability>
Found<Capability> capability(const Dataset& data) {
  for (const Dataset* at = &data; at; at = at->inner())
    if (const auto* found = dynamic_cast<const Capability*>(at)) return {data, *at, *found};
  return {};
}

}  // namespace dl
