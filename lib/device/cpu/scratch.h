// Dividing a kernel's scratch memory among its buffers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/base/division.h"

namespace dl {

// Hands out places for buffers of floats, each 64-byte aligned; size_bytes() is what they take together.
class ScratchPlan {
 public:
  // The byte offset of a new buffer.
  int64_t floats(int64_t count) {
    const int64_t offset = size_bytes_;
    size_bytes_ += round_up(count * 4, 64);
    return offset;
  }
  int64_t size_bytes() const { return size_bytes_; }

 private:
  int64_t size_bytes_ = 0;
};

inline float* floats_at(void* scratch, int64_t offset) {
  return reinterpret_cast<float*>(static_cast<char*>(scratch) + offset);
}

}  // namespace dl
