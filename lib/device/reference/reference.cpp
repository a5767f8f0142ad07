// The reference device: a plain loop for each op, one thread, nothing fused. It is the oracle of the tests.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>
#include <new>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/device/device.h"
#include "lib/device/host_executable.h"
#include "lib/device/reference/kernel.h"

namespace dl {

namespace {

class LoopKernel final : public Kernel {
 public:
  LoopKernel(reference::Run run, reference::Explain explain, std::span<const Type> inputs)
      : run_(std::move(run)), explain_(explain), inputs_(inputs.begin(), inputs.end()) {}
  bool finds_faults() const override { return explain_ != nullptr; }
  Problem problem(int32_t number) const override { return explain_(inputs_, number); }
  void run(std::span<void* const> inputs, std::span<void* const> outputs, void*) override { run_(inputs, outputs); }

 private:
  const reference::Run run_;
  const reference::Explain explain_;
  const std::vector<Type> inputs_;
};

class ReferenceDevice final : public Device {
 public:
  std::string_view name() const override { return "reference"; }
  std::string description() const override { return "1 thread, plain loops"; }
  bool fuses() const override { return false; }
  bool takes_epilogue(const Op&, std::span<const Type>) const override { return false; }

  std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) override {
    const reference::Entry* const entry = reference::find(op.name());
    if (!entry) {
      throw Error(Exit::usage, Problem{.what = concat("the reference device has no kernel for ", op.name()),
                                       .help = "use trainer.device: cpu"});
    }
    return std::make_unique<LoopKernel>(entry->prepare(op, inputs, outputs), entry->explain, inputs);
  }

  std::unique_ptr<Executable> link(const Layout& layout) override { return make_host_executable(layout, *this); }

  void* allocate(int64_t bytes) override {
    const size_t whole = static_cast<size_t>(round_up(bytes, 64));
    void* memory = std::aligned_alloc(64, whole > 0 ? whole : 64);
    if (!memory) {
      throw Error(Exit::failed, Problem{.what = concat("no memory: ", bytes, " bytes asked for"),
                                        .help = "lower data.batch_size or the size of the model"});
    }
    return std::memset(memory, 0, whole);
  }
  void release(void* memory, int64_t) override { std::free(memory); }
  void copy_in(void* device, const void* host, int64_t bytes) override {
    std::memcpy(device, host, static_cast<size_t>(bytes));
  }
  void copy_out(void* host, const void* device, int64_t bytes) override {
    std::memcpy(host, device, static_cast<size_t>(bytes));
  }
  void copy(void* to, const void* from, int64_t bytes) override { std::memcpy(to, from, static_cast<size_t>(bytes)); }
  void fill(void* memory, std::byte value, int64_t bytes) override {
    std::memset(memory, std::to_integer<int>(value), static_cast<size_t>(bytes));
  }
};

const DeviceRegistration registration("reference", [](const DeviceOptions&) -> std::unique_ptr<Device> {
  return std::make_unique<ReferenceDevice>();
});

}  // namespace

}  // namespace dl
