// Given numbers on the CPU.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/ops/generate.h"

namespace dl {
namespace {

class NumbersKernel final : public Kernel {
 public:
  explicit NumbersKernel(std::vector<float> values) : values_(std::move(values)) {}
  void run(std::span<void* const>, std::span<void* const> out, void*) override {
    std::copy(values_.begin(), values_.end(), static_cast<float*>(out[0]));
  }

 private:
  const std::vector<float> values_;
};

std::unique_ptr<Kernel> make_numbers(const Op& op, std::span<const Type>, std::span<const Type>, CpuDevice&,
                                     std::unique_ptr<LoopRunner>) {
  return std::make_unique<NumbersKernel>(dynamic_cast<const GivenNumbers&>(op).values);
}

DL_CPU_KERNEL("numbers", make_numbers);

}  // namespace
}  // namespace dl
