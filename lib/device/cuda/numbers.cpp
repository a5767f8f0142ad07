// Given numbers on a GPU: uploaded once, copied at each run.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/room.h"
#include "lib/graph/ops/generate.h"

namespace dl::cuda {
namespace {

class NumbersKernel final : public Kernel {
 public:
  NumbersKernel(const std::vector<float>& values, CudaDevice& device)
      : device_(device), bytes_(static_cast<int64_t>(values.size() * sizeof(float))), values_(device, bytes_) {
    device_.copy_in(values_.data(), values.data(), bytes_);
  }

  void run(std::span<void* const>, std::span<void* const> out, void*) override {
    device_.copy(out[0], values_.data(), bytes_);
  }

 private:
  CudaDevice& device_;
  const int64_t bytes_;
  const Room values_;
};

std::unique_ptr<Kernel> make_numbers(const Op& op, std::span<const Type>, std::span<const Type>, CudaDevice& device) {
  return std::make_unique<NumbersKernel>(dynamic_cast<const GivenNumbers&>(op).values, device);
}

DL_CUDA_KERNEL("numbers", make_numbers);

}  // namespace
}  // namespace dl::cuda
