// Dividing a kernel's scratch memory among its buffers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "lib/base/division.h"

namespace dl::cuda {

// Hands out places for buffers, each 256-byte aligned; size_bytes() is what they take together.
class ScratchPlan {
 public:
  // The byte offset of a new buffer.
  int64_t bytes(int64_t count) {
    const int64_t offset = size_bytes_;
    size_bytes_ += round_up(count, int64_t{256});
    return offset;
  }
  int64_t floats(int64_t count) { return bytes(count * 4); }
  int64_t size_bytes() const { return size_bytes_; }

 private:
  int64_t size_bytes_ = 0;
};

// Of a workspace that NVIDIA's libraries are given: cuBLASLt refuses another, and scratch memory is 64-byte aligned.
constexpr int64_t library_alignment = 256;
// What is to be asked for so that so many bytes are there at that alignment; nothing for none.
constexpr int64_t library_bytes(int64_t bytes) { return bytes > 0 ? bytes + library_alignment : 0; }
inline std::byte* library_aligned(void* scratch) {
  const auto past = static_cast<int64_t>(reinterpret_cast<uintptr_t>(scratch) % library_alignment);
  return static_cast<std::byte*>(scratch) + (past > 0 ? library_alignment - past : 0);
}

inline std::byte* bytes_at(void* scratch, int64_t offset) { return static_cast<std::byte*>(scratch) + offset; }
inline float* floats_at(void* scratch, int64_t offset) { return reinterpret_cast<float*>(bytes_at(scratch, offset)); }

}  // namespace dl::cuda
