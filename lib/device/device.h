// What a device must provide. A device turns operations into kernels and laid-out programs into executables; memory
// belongs to it; everything above sees graphs and programs only. lib/device/reference is the plainest complete example.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/limits.h"
#include "lib/graph/graph.h"

namespace dl {

struct Address;
struct Layout;

// What a kernel finds wrong with the numbers that it reads: the first of them.
struct Fault {
  int32_t found = 0;  // 0: nothing
  int32_t number = 0;
};

// One operation made ready for fixed types. run() takes no heap memory, may be called any number of times, and leaves
// every element of every output that is read written. Pointers are 64-byte aligned, but of an input that is a part of
// another value (View), which begins where its first element does; inputs and outputs do not overlap, except an output
// that shares an input's memory by in_place().
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Bytes of working memory wanted during run(); the program plans them into its arena.
  virtual int64_t scratch_bytes() const { return 0; }
  // Told before scratch_bytes() of an input that is the same at every run until `changes` does: what the kernel makes
  // of it alone it may keep till then, in memory of its own.
  virtual void stays(int /*input*/, const int64_t& /*changes*/) {}
  // Told before the first run of an output that nobody reads: it need not be written.
  virtual void unread(int /*output*/) {}
  // Whether output `out` may be written over input `in` (same type, read at an index before it is written there).
  virtual bool in_place(int /*in*/, int /*out*/) const { return false; }
  virtual void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) = 0;
  // Which of several ways it takes, in a word: "openblas", "winograd"; empty where there is but one.
  virtual std::string way() const { return {}; }
  // Whether numbers that it reads may make no sense, as an index outside its table. Then run() has one more output, a
  // Fault, which it writes each time; where there is one it goes on as if there were none, with any values. Who waits
  // for the launch gets the problem as an Error.
  virtual bool finds_faults() const { return false; }
  virtual Problem problem(int32_t /*number*/) const { return {}; }
};

// When a kernel ran, from the start of its launch.
struct KernelTime {
  double begin_s = 0, seconds = 0;
};

// A laid-out program on its device. Nothing here takes heap memory but place(), and the first launch with times. A
// device may take denormal numbers for 0.
class Executable {
 public:
  virtual ~Executable() = default;
  // Where the arena and the layout's variables, in their order, lie: told before the first launch, and again when the
  // arena has moved.
  virtual void place(void* arena, std::span<void* const> variables) = 0;
  // What the input is to be at the next launch: as many bytes as its type has, 64-byte aligned. May be called while the
  // launch before is at work. The memory must stay as it is until that next launch() has returned; no pointer to it is
  // used afterwards.
  virtual void feed(int input, const void* host) = 0;
  // Begins the layout's calls and copies, after all that was begun on the device before.
  virtual void launch(bool timed) = 0;
  // Until the last launch is done; with `before` 1, the one before it.
  virtual void wait(int before) = 0;
  // Of the same launch, after wait(): the layout's results, f32 or Fault, 64 bytes apart, in memory of the host; one
  // copy however many there are. Valid until the second launch after it.
  virtual const std::byte* results(int before) = 0;
  // Memory of the program as the last launch left it, after wait().
  virtual void read(const Address& from, void* host, int64_t bytes) = 0;
  // Of each of the layout's calls in the last launch with times, by the device's clock.
  virtual std::vector<KernelTime> times() = 0;
};

struct DeviceOptions {
  int threads = 0;           // 0: as many as the process may use
  std::string blas = "own";  // what multiplies matrices in f32 on a CPU, as trainer.blas
  bool tf32 = false;         // on a GPU products and convolutions of f32 may round their factors to tf32
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;    // "cpu", "reference"
  virtual std::string description() const = 0;  // "2 threads, avx512"
  // About how many bytes allocate() can still give; of the host, where nothing else is said.
  virtual int64_t free_bytes() const;
  // Measured now, in less than a second; none: it computes on the host's cores.
  virtual std::optional<DeviceLimits> measure_limits() { return std::nullopt; }
  // Whether launch() returns before the work is done: then the next launch is best begun before the results of the last
  // are read.
  virtual bool runs_ahead() const { return false; }
  // Whether products of bf16 take less time than those of f32.
  virtual bool gains_by_bf16() const { return true; }
  // What decides the last bits of its results: where two say the same, they compute the same.
  virtual std::string arithmetic() const { return std::string(name()); }
  // Whether graphs are to be fused for this device: then it must compile LoopOp and EpilogueOp.
  virtual bool fuses() const = 0;
  // Whether an epilogue may follow this operation.
  virtual bool takes_epilogue(const Op& op, std::span<const Type> inputs) const = 0;
  // Throws Error (Exit::usage) naming the op where the device has no kernel for it.
  virtual std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs,
                                          std::span<const Type> outputs) = 0;
  // The layout, whose kernels compile() made, must outlive what is returned.
  virtual std::unique_ptr<Executable> link(const Layout& layout) = 0;

  // Memory of the device: only kernels and the copies below touch it. Copies are done in their order and that of the
  // launches; those to and from the host are done when they return.
  virtual void* allocate(
      int64_t bytes) = 0;  // zeroed, 64-byte aligned; throws Error saying the size asked and what to lower
  virtual void release(void* memory, int64_t bytes) = 0;
  virtual void copy_in(void* device, const void* host, int64_t bytes) = 0;
  virtual void copy_out(void* host, const void* device, int64_t bytes) = 0;
  virtual void copy(void* to, const void* from, int64_t bytes) = 0;  // both of the device
  virtual void fill(void* memory, std::byte value, int64_t bytes) = 0;

  // Memory of the host from which the device copies beside a launch (pinned, where that makes a difference): zeroed,
  // 64-byte aligned. Throws as allocate() does. HostMemory releases it by itself.
  virtual void* allocate_host(int64_t bytes);
  virtual void release_host(void* memory, int64_t bytes);
};

// Owns what is fed to programs or read from them. Any other memory may be fed too; from this it goes the fastest way.
class HostMemory {
 public:
  HostMemory() = default;
  HostMemory(Device& device, int64_t bytes)
      : device_(&device), data_(static_cast<std::byte*>(device.allocate_host(bytes))), bytes_(bytes) {}
  HostMemory(HostMemory&& other) noexcept { swap(other); }
  HostMemory& operator=(HostMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~HostMemory() {
    if (data_) device_->release_host(data_, bytes_);
  }

  std::byte* data() const { return data_; }
  int64_t size_bytes() const { return bytes_; }
  // All of it as elements of a type.
  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(data_), static_cast<size_t>(bytes_) / sizeof(T)};
  }

 private:
  void swap(HostMemory& other) {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  Device* device_ = nullptr;
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

// Registered by each device: DL_REGISTER_DEVICE("cpu", make_cpu).
using DeviceFactory = std::unique_ptr<Device> (*)(const DeviceOptions&);

std::unique_ptr<Device> make_device(const std::string& name,
                                    const DeviceOptions& options);  // Error lists what there is
std::vector<std::string> device_names();

// Every device made from now on is what this makes of it: for tests.
void wrap_devices(std::unique_ptr<Device> (*wrap)(std::unique_ptr<Device>));

struct DeviceRegistration {
  DeviceRegistration(const char* name, DeviceFactory factory);
};

}  // namespace dl
