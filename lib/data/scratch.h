// Memory of a thread, lent while a transform needs it and kept for the next one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace dl {

class Scratch {
 public:
  explicit Scratch(size_t bytes) {
    if (!kept().empty()) {
      memory_ = std::move(kept().back());
      kept().pop_back();
    }
    if (memory_.size() < bytes) memory_.resize(bytes);
  }
  ~Scratch() { kept().push_back(std::move(memory_)); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::byte* data() { return memory_.data(); }

 private:
  static std::vector<std::vector<std::byte>>& kept() {
    thread_local std::vector<std::vector<std::byte>> memory;
    return memory;
  }
  std::vector<std::byte> memory_;
};

}  // namespace dl
