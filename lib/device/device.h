// What a device must provide. A device turns operations into kernels; memory belongs to it; everything above sees
// graphs and programs only. lib/device/reference is the plainest complete example.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

// One operation made ready for fixed types. run() takes no heap memory, may be called any number of times, and leaves
// every element of every output written. Pointers are 64-byte aligned; inputs and outputs do not overlap, except an
// output that shares an input's memory by in_place().
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Bytes of working memory wanted during run(); the program plans them into its arena.
  virtual int64_t scratch_bytes() const { return 0; }
  // Whether output `out` may be written over input `in` (same type, read at an index before it is written there).
  virtual bool in_place(int /*in*/, int /*out*/) const { return false; }
  virtual void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) = 0;
};

struct DeviceOptions {
  int threads = 0;  // 0: as many as the process may use
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;    // "cpu", "reference"
  virtual std::string description() const = 0;  // "2 threads, avx512"
  // Whether graphs are to be fused for this device: then it must compile LoopOp and EpilogueOp.
  virtual bool fuses() const = 0;
  // Whether an epilogue may follow this operation.
  virtual bool takes_epilogue(const Op& op, std::span<const Type> inputs) const = 0;
  // Throws Error (Exit::usage) naming the op where the device has no kernel for it.
  virtual std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs,
                                          std::span<const Type> outputs) = 0;
  virtual void* allocate(
      int64_t bytes) = 0;  // zeroed, 64-byte aligned; throws Error saying the size asked and what to lower
  virtual void release(void* memory, int64_t bytes) = 0;
  virtual void copy_in(void* device, const void* host, int64_t bytes) = 0;
  virtual void copy_out(void* host, const void* device, int64_t bytes) = 0;
};

// Registered by each device: DL_REGISTER_DEVICE("cpu", make_cpu).
using DeviceFactory = std::unique_ptr<Device> (*)(const DeviceOptions&);

std::unique_ptr<Device> make_device(const std::string& name,
                                    const DeviceOptions& options);  // Error lists what there is
std::vector<std::string> device_names();

struct DeviceRegistration {
  DeviceRegistration(const char* name, DeviceFactory factory);
};

}  // namespace dl
