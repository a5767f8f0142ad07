// One sample at a time, in memory of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

class OneSample {
 public:
  explicit OneSample(const Dataset& data) : data_(data) {
    for (const SampleField& field : data.fields())
      sample_.fields.push_back(memory_.emplace_back(static_cast<size_t>(field.type.bytes())).data());
  }
  OneSample(const OneSample&) = delete;
  OneSample& operator=(const OneSample&) = delete;

  void read(int64_t index) { data_.get(index, sample_); }
  const SampleField& field(size_t index) const { return data_.fields()[index]; }
  const std::byte* bytes(size_t index) const { return memory_[index].data(); }
  size_t size_bytes(size_t index) const { return memory_[index].size(); }

 private:
  const Dataset& data_;
  std::vector<std::vector<std::byte>> memory_;  // of each field
  Sample sample_;
};

}  // namespace dl
