// The device "cpu": kernels that run on a team of threads, with the best instruction set the processor has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/thread_team.h"
#include "lib/device/cpu/choices.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/machine.h"
#include "lib/device/cpu/product_makers.h"
#include "lib/device/cpu/simd/gemm.h"
#include "lib/device/device.h"
#include "lib/device/repeats_arithmetic.h"

namespace dl {

class LoopRunner;

using ProductTimes = std::map<std::string, std::vector<double>>;

class CpuDevice final : public Device, public RepeatsArithmetic {
 public:
  // An instruction set other than the best is for tests; it must be supported here.
  explicit CpuDevice(const DeviceOptions& options, Isa isa = best_isa());
  CpuDevice(const DeviceOptions& options, Isa isa, Bf16Unit bf16_unit);
  // As if the machine were another one: for tests of what is chosen by it.
  CpuDevice(const DeviceOptions& options, Isa isa, const Machine& machine);
  // Matrix products in bf16 by kernels of the tests, the rest by the best instruction set.
  CpuDevice(const DeviceOptions& options, const Bf16GemmKernels& bf16_gemm);

  ThreadTeam& team() { return team_; }
  Isa isa() const { return isa_; }
  Bf16Unit bf16_unit() const { return bf16_unit_; }
  const Machine& machine() const { return machine_ ? *machine_ : this_machine(); }
  Choices& choices() { return choices_; }
  const GemmKernels& gemm() const { return gemm_; }
  const Bf16GemmKernels& bf16_gemm() const { return bf16_gemm_; }
  const ProductMakers& product_makers() const { return product_makers_; }
  // From now on the seconds of each run of a product in f32 that is large enough for a library, by product_name(): for
  // what compares them. Until then null.
  void time_products() { product_times_.emplace(); }
  ProductTimes* product_times() { return product_times_ ? &*product_times_ : nullptr; }

  std::string_view name() const override { return "cpu"; }
  std::string description() const override;
  bool gains_by_bf16() const override { return bf16_unit_ != Bf16Unit::emulated; }
  std::string arithmetic() const override;
  void compute_as(const std::string& arithmetic) override { product_makers_.decide_as(arithmetic); }
  bool fuses() const override { return true; }
  bool takes_epilogue(const Op& op, std::span<const Type> inputs) const override;
  std::unique_ptr<Kernel> compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) override;
  std::unique_ptr<Executable> link(const Layout& layout) override;
  void* allocate(int64_t bytes) override;
  void release(void* memory, int64_t bytes) override;
  void copy_in(void* device, const void* host, int64_t bytes) override;
  void copy_out(void* host, const void* device, int64_t bytes) override;
  void copy(void* to, const void* from, int64_t bytes) override;
  void fill(void* memory, std::byte value, int64_t bytes) override;

 private:
  ProductMakers product_makers_;  // before the threads: see Blas::find
  ThreadTeam team_;
  const Isa isa_;
  const Bf16Unit bf16_unit_;
  const std::optional<Machine> machine_;  // an invented one
  Choices choices_;
  const GemmKernels& gemm_;
  const Bf16GemmKernels& bf16_gemm_;
  std::optional<ProductTimes> product_times_;
};

// What a file that implements an operation registers. `outputs` are the operation's own, also where an epilogue
// follows. With an epilogue the kernel's run() gets the operation's inputs, then the loop's other tensors, and the
// loop's outputs instead of its own: see loop_runner.h.
struct CpuKernel {
  std::unique_ptr<Kernel> (*make)(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                  CpuDevice& device, std::unique_ptr<LoopRunner> epilogue);
  // Whether an epilogue may follow; null: never, and `epilogue` is always null.
  bool (*takes_epilogue)(const Op& op, std::span<const Type> inputs) = nullptr;
};

struct CpuKernelRegistration {
  CpuKernelRegistration(const char* op, CpuKernel kernel);
};

// DL_CPU_KERNEL("conv2d", make_conv2d, takes_epilogue); at the end of the kernel's .cpp. `op` is Op::name().
#define DL_CPU_KERNEL(op, ...) DL_CPU_KERNEL_AT(__LINE__, op, __VA_ARGS__)
#define DL_CPU_KERNEL_AT(line, op, ...) DL_CPU_KERNEL_NAMED(line, op, __VA_ARGS__)
#define DL_CPU_KERNEL_NAMED(line, op, ...) \
  static const ::dl::CpuKernelRegistration cpu_kernel_##line(op, ::dl::CpuKernel{__VA_ARGS__})

}  // namespace dl
