// A device for tests: it is given fused graphs and runs them with the reference device's plain kernels. Where it errs
// the fusion pass or the planner is wrong; where only the CPU errs, the CPU's kernels are. It lets every result be
// written over every operand, as its kernels read all before they write.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/device.h"
#include "lib/graph/loop.h"

namespace dl {

namespace {

class InPlaceKernel final : public Kernel {
 public:
  explicit InPlaceKernel(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
  bool in_place(int, int) const override { return true; }
  void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) override {
    kernel_->run(inputs, outputs, scratch);
  }

 private:
  std::unique_ptr<Kernel> kernel_;
};

class FusedReference final : public Device {
 public:
  std::string_view name() const override { return "fused reference"; }
  std::string description() const override { return "plain loops, fused"; }
  bool fuses() const override { return true; }
  bool takes_epilogue(const Op& op, std::span<const Type>) const override {
    return op.name() == "matmul" || op.name().starts_with("convolution");
  }
  std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) override {
    std::unique_ptr<Kernel> kernel = plain_->compile(op, inputs, outputs);
    if (op.name() != "loop" && op.name() != "epilogue") return kernel;
    return std::make_unique<InPlaceKernel>(std::move(kernel));
  }
  std::unique_ptr<Executable> link(const Layout& layout) override { return plain_->link(layout); }
  void* allocate(int64_t bytes) override { return plain_->allocate(bytes); }
  void release(void* memory, int64_t bytes) override { plain_->release(memory, bytes); }
  void copy_in(void* device, const void* host, int64_t bytes) override { plain_->copy_in(device, host, bytes); }
  void copy_out(void* host, const void* device, int64_t bytes) override { plain_->copy_out(host, device, bytes); }
  void copy(void* to, const void* from, int64_t bytes) override { plain_->copy(to, from, bytes); }
  void fill(void* memory, std::byte value, int64_t bytes) override { plain_->fill(memory, value, bytes); }

 private:
  std::unique_ptr<Device> plain_ = make_device("reference", {});
};

const DeviceRegistration registration("fused reference", [](const DeviceOptions&) -> std::unique_ptr<Device> {
  return std::make_unique<FusedReference>();
});

}  // namespace

}  // namespace dl
