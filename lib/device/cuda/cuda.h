// The device "cuda": one GPU. Kernels are text that is compiled for it when a program is linked; libraries make
// products and convolutions where they are the best there is. What a file that implements an operation needs is here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "lib/device/cuda/code.h"
#include "lib/device/cuda/driver.h"
#include "lib/device/device.h"

namespace dl::cuda {

struct CublasLt;  // cublas_lt.h
struct Cudnn;     // cudnn.h

// Makes loadable images of text: NVRTC, or in the tests g++.
class Compiler {
 public:
  virtual ~Compiler() = default;
  // One image in which each kernel has its Code's name. Called from several threads.
  virtual std::string compile(std::span<const Code* const> kernels) = 0;
};

// What a device is made of. A library that is null is not there: kernels of our own take its place, or an Error says
// what to install.
struct Parts {
  std::unique_ptr<Driver> driver;
  std::unique_ptr<Compiler> compiler;
  std::shared_ptr<const CublasLt> cublas_lt;
  std::shared_ptr<const Cudnn> cudnn;
  std::string libraries;  // those two with their versions, which decide last bits; empty where there is none
};

class CudaDevice final : public Device {
 public:
  CudaDevice(Parts parts, const DeviceOptions& options);
  ~CudaDevice() override;

  Driver& driver() const { return *parts_.driver; }
  // All kernels and library calls of this device go here, one after another; while a step is captured they are
  // recorded.
  Stream stream() const { return stream_; }
  const Gpu& gpu() const { return gpu_; }
  const CublasLt* cublas_lt() const { return parts_.cublas_lt.get(); }
  const Cudnn* cudnn() const { return parts_.cudnn.get(); }
  // The kernel, compiled with those of the same program when it is linked; equal sources are one kernel. Lives as long
  // as the device.
  Code* code(const KernelSource& source);
  void compile_new_code();  // all that is not compiled yet, on several threads
  // Products of f32 may round their factors to tf32 (trainer.matmul_precision: high).
  bool tf32() const { return options_.tf32; }

  std::string_view name() const override { return "cuda"; }
  std::string description() const override;
  std::string arithmetic() const override;
  int64_t free_bytes() const override { return driver().free_bytes(); }
  std::optional<DeviceLimits> measure_limits() override;
  bool runs_ahead() const override { return true; }
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
  void* allocate_host(int64_t bytes) override;
  void release_host(void* memory, int64_t bytes) override;

 private:
  Parts parts_;
  const DeviceOptions options_;
  const Gpu gpu_;
  Stream stream_ = nullptr;
  std::vector<std::unique_ptr<Code>> codes_;
  std::vector<Module> modules_;
};

// A kernel of text, ready to be launched with its arguments any number of times.
template <class Arguments>
class Launch {
 public:
  static_assert(std::is_trivially_copyable_v<Arguments> && sizeof(Arguments) <= 4096);
  Launch(CudaDevice& device, const KernelSource& source, const Grid& grid)
      : device_(&device), code_(device.code(source)), grid_(grid) {
    code_->shared_bytes = std::max(code_->shared_bytes, grid.shared_bytes);
  }
  void operator()(const Arguments& arguments) const {
    if (grid_.x == 0 || grid_.y == 0 || grid_.z == 0) return;  // of what has no elements; a driver refuses such a grid
    device_->driver().launch(code_->function, grid_, &arguments, sizeof arguments, device_->stream());
  }

 private:
  CudaDevice* device_;
  Code* code_;
  Grid grid_;
};

// What a file that implements an operation registers: DL_CUDA_KERNEL("embedding", make_embedding);
using MakeKernel = std::unique_ptr<Kernel> (*)(const Op& op, std::span<const Type> inputs,
                                               std::span<const Type> outputs, CudaDevice& device);
struct CudaKernelRegistration {
  CudaKernelRegistration(const char* op, MakeKernel make);
};
bool has_kernel(std::string_view op);

#define DL_CUDA_KERNEL(op, make) DL_CUDA_KERNEL_AT(__LINE__, op, make)
#define DL_CUDA_KERNEL_AT(line, op, make) DL_CUDA_KERNEL_NAMED(line, op, make)
#define DL_CUDA_KERNEL_NAMED(line, op, make) \
  static const ::dl::cuda::CudaKernelRegistration cuda_kernel_##line(op, make)

}  // namespace dl::cuda
