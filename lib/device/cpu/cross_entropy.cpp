// Cross-entropy of rows of logits on the CPU: one pass over memory forward, as a row stays in cache, and one backward.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cross_entropy.h"

#include <cmath>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/simd/cross_entropy.h"

namespace dl {
namespace {

class CrossEntropyKernel final : public Kernel {
 public:
  CrossEntropyKernel(double smoothing, const Shape& logits, CpuDevice& device)
      : smoothing_(static_cast<float>(smoothing)),
        rows_(logits[0]),
        classes_(logits[1]),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), cross_entropy_kernels)) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* logits = static_cast<const float*>(in[0]);
    const int32_t* hits = static_cast<const int32_t*>(in[1]);
    float *losses = static_cast<float*>(out[0]), *log_sums = static_cast<float*>(out[1]);
    device_.team().run([&](int thread) {
      const Range mine = split(rows_, device_.team().size(), thread);
      for (int64_t r = mine.begin; r < mine.end; ++r) {
        const float* x = logits + r * classes_;
        float largest = 0, exp_sum = 0, sum = 0;
        kernels_.row(x, classes_, &largest, &exp_sum, &sum);
        log_sums[r] = largest + std::log(exp_sum);
        const float hit = hits[r] >= 0 && hits[r] < classes_ ? x[hits[r]] : 0;
        losses[r] = log_sums[r] - (1 - smoothing_) * hit;
        if (smoothing_ > 0) losses[r] -= smoothing_ * (sum / static_cast<float>(classes_));
      }
    });
  }

 private:
  const float smoothing_;
  const int64_t rows_, classes_;
  CpuDevice& device_;
  const CrossEntropyKernels& kernels_;
};

class CrossEntropyGradKernel final : public Kernel {
 public:
  CrossEntropyGradKernel(double smoothing, const Shape& logits, CpuDevice& device)
      : smoothing_(static_cast<float>(smoothing)),
        rows_(logits[0]),
        classes_(logits[1]),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), cross_entropy_kernels)) {}

  bool in_place(int in, int out) const override { return in == 0 && out == 0; }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* logits = static_cast<const float*>(in[0]);
    const int32_t* hits = static_cast<const int32_t*>(in[1]);
    const float *log_sums = static_cast<const float*>(in[2]), *d = static_cast<const float*>(in[3]);
    device_.team().run([&](int thread) {
      const Range mine = split(rows_, device_.team().size(), thread);
      for (int64_t r = mine.begin; r < mine.end; ++r) {
        float* y = static_cast<float*>(out[0]) + r * classes_;
        kernels_.row_grad(logits + r * classes_, classes_, log_sums[r], d[r],
                          d[r] * smoothing_ / static_cast<float>(classes_), y);
        if (hits[r] >= 0 && hits[r] < classes_) y[hits[r]] -= (1 - smoothing_) * d[r];
      }
    });
  }

 private:
  const float smoothing_;
  const int64_t rows_, classes_;
  CpuDevice& device_;
  const CrossEntropyKernels& kernels_;
};

std::unique_ptr<Kernel> make_cross_entropy(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                           CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<CrossEntropyKernel>(dynamic_cast<const CrossEntropy&>(op).smoothing, inputs[0].shape, device);
}

std::unique_ptr<Kernel> make_cross_entropy_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                                CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<CrossEntropyGradKernel>(dynamic_cast<const CrossEntropyGrad&>(op).smoothing, inputs[0].shape,
                                                  device);
}

DL_CPU_KERNEL("cross_entropy", make_cross_entropy);
DL_CPU_KERNEL("cross_entropy_grad", make_cross_entropy_grad);

}  // namespace
}  // namespace dl
