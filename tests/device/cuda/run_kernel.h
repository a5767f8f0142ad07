// Runs one operation's kernel by itself on the emulated device "cuda", or on the reference device.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "lib/device/layout.h"
#include "tests/device/cuda/emulated_device.h"
#include "tests/evaluate.h"

namespace dl::cuda {

// Memory of a device, exactly as long as asked and NaN or 255 where nothing is written.
class DeviceMemory {
 public:
  DeviceMemory(Device& device, int64_t bytes) : device_(&device), bytes_(bytes), data_(device.allocate(bytes)) {
    if (bytes > 0) device.fill(data_, std::byte{0xFF}, bytes);
  }
  DeviceMemory(DeviceMemory&& other) noexcept
      : device_(other.device_), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
  DeviceMemory& operator=(DeviceMemory&&) = delete;
  ~DeviceMemory() {
    if (data_) device_->release(data_, bytes_);
  }
  void* data() const { return data_; }
  void write(const Type& type, const testing::Numbers& numbers) {
    std::vector<std::byte> host(static_cast<size_t>(bytes_));
    testing::write_numbers(host.data(), type, numbers);
    device_->copy_in(data_, host.data(), bytes_);
  }
  testing::Numbers read(const Type& type) const {
    std::vector<std::byte> host(static_cast<size_t>(bytes_));
    device_->copy_out(host.data(), data_, bytes_);
    return testing::read_numbers(host.data(), type);
  }

 private:
  Device* device_;
  int64_t bytes_;
  void* data_;
};

// The outputs of a kernel's one run. On a CudaDevice what it launches is compiled first.
inline std::vector<testing::Numbers> outputs_of_kernel(Device& device, Kernel& kernel, const std::vector<Type>& types,
                                                       const std::vector<testing::Numbers>& inputs,
                                                       const std::vector<Type>& output_types) {
  std::vector<DeviceMemory> in, out;
  std::vector<void*> in_data, out_data;
  for (size_t i = 0; i < types.size(); ++i) {
    in.emplace_back(device, types[i].bytes());
    in.back().write(types[i], inputs[i]);
    in_data.push_back(in.back().data());
  }
  for (const Type& type : output_types) {
    out.emplace_back(device, type.bytes());
    out_data.push_back(out.back().data());
  }
  const DeviceMemory scratch(device, kernel.scratch_bytes());
  const Layout nothing{};
  const std::unique_ptr<Executable> executable = device.link(nothing);
  kernel.run(in_data, out_data, scratch.data());
  std::vector<testing::Numbers> made;
  for (size_t i = 0; i < out.size(); ++i) made.push_back(out[i].read(output_types[i]));
  return made;
}

// The same of the kernel that the device has for an operation.
inline std::vector<testing::Numbers> outputs_of_op(Device& device, const Op& op, const std::vector<Type>& types,
                                                   const std::vector<testing::Numbers>& inputs) {
  const std::vector<Type> output_types = op.infer(types);
  const std::unique_ptr<Kernel> kernel = device.compile(op, types, output_types);
  return outputs_of_kernel(device, *kernel, types, inputs, output_types);
}

}  // namespace dl::cuda
