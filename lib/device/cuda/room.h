// Memory of the device for as long as its owner lives.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "lib/device/device.h"

namespace dl::cuda {

// Zeroed, 256-byte aligned. Throws as Device::allocate() does.
class Room {
 public:
  Room(Device& device, int64_t bytes) : device_(device), bytes_(bytes), data_(device.allocate(bytes)) {}
  ~Room() { device_.release(data_, bytes_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  Device& device_;
  const int64_t bytes_;
  void* const data_;
};

}  // namespace dl::cuda
