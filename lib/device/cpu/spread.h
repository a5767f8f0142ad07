// The gradient of a convolution with respect to an input of few channels: every pixel of dy adds to the window under
// it, whose rows fill more of a vector than the channels of one pixel do.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/spread.h"
#include "lib/graph/ops.h"

namespace dl {

// Inputs dy [images, oh, ow, out] and weight [out, channels, kh, kw], then the epilogue's; outputs dx [images, height,
// width, channels], or the epilogue's.
class SpreadGradient final : public Kernel {
 public:
  // Whether it is expected to be faster than a Correlation.
  static bool pays(const Window& window, int64_t groups, const Shape& dy, const Shape& dx,
                   const SpreadKernels& kernels);

  SpreadGradient(const Window& window, const Shape& dy, const Shape& dx, CpuDevice& device,
                 std::unique_ptr<LoopRunner> epilogue);

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override;

 private:
  void pack(const float* weight, float* packed) const;
  // dx of images [first, last), at most spread_images of them.
  void spread_images_of(int64_t first, int64_t last, const float* dy, const float* packed, float* frames,
                        float* dx) const;

  const Window window_;
  const Shape dy_, dx_;
  CpuDevice& device_;
  const SpreadKernels& kernels_;
  Destination destination_;
  int64_t group_ = 0;                           // rows of the window whose sums are made together
  int64_t row_vectors_ = 0;                     // of a row of the window
  int64_t frame_width_ = 0, frame_floats_ = 0;  // of an image of dx with all that windows reach
  std::vector<int64_t> offset_;                 // of each vector of a group
  std::vector<int> count_;
  ScratchPlan plan_;
  int64_t packed_at_ = 0, frames_at_ = 0, blocks_at_ = 0;
};

}  // namespace dl
