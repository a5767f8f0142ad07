// Owners of a driver's handles and memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <utility>

#include "lib/device/cuda/driver.h"

namespace dl::cuda {

// A stream, an event or a graph of a driver, which outlives it.
template <class Handle>
class Owned {
 public:
  Owned() = default;
  Owned(Driver& driver, Handle handle) : driver_(&driver), handle_(handle) {}
  Owned(Owned&& other) noexcept { swap(other); }
  Owned& operator=(Owned&& other) noexcept {
    Owned(std::move(other)).swap(*this);
    return *this;
  }
  ~Owned() {
    if (handle_) driver_->release(handle_);
  }
  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  void swap(Owned& other) {
    std::swap(driver_, other.driver_);
    std::swap(handle_, other.handle_);
  }
  Driver* driver_ = nullptr;
  Handle handle_ = nullptr;
};

}  // namespace dl::cuda
