// What a kernel makes of a weight that seldom changes, kept from run to run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/cpu.h"

namespace dl {

class KeptWeight {
 public:
  explicit KeptWeight(CpuDevice& device) : device_(device) {}
  ~KeptWeight() {
    if (memory_ != nullptr) device_.release(memory_, bytes_);
  }
  KeptWeight(const KeptWeight&) = delete;
  KeptWeight& operator=(const KeptWeight&) = delete;

  // The operand is the same until `changes` counts on. Without it nothing is kept.
  void watch(const int64_t& changes) { changes_ = &changes; }
  explicit operator bool() const { return changes_ != nullptr; }

  // So many floats, as fill(float*) made them: at the first run and after a change. 64-byte aligned.
  template <class Fill>
  const float* floats(int64_t count, Fill fill) {
    if (memory_ == nullptr) {
      bytes_ = 4 * count;
      memory_ = device_.allocate(bytes_);
    }
    if (made_of_ != *changes_) fill(static_cast<float*>(memory_));
    made_of_ = *changes_;
    return static_cast<const float*>(memory_);
  }

 private:
  CpuDevice& device_;
  const int64_t* changes_ = nullptr;
  int64_t made_of_ = -1;  // *changes_ when it was made
  void* memory_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace dl
