// Convolutions of images on the CPU, and their gradients: each by the kernel that is expected to be fastest.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/ops.h"

namespace dl {

// y = convolution(x, weight, window, groups), by the shapes of all three.
struct ConvShapes {
  Window window;
  int64_t groups = 1;
  Shape x, weight, y;
};

// Of images, operands of type `pixels`. Inputs x and weight, then the epilogue's; output y, or the epilogue's.
std::unique_ptr<Kernel> make_conv2d(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                    std::unique_ptr<LoopRunner> epilogue);
// Inputs dy and weight, then the epilogue's; output dx, or the epilogue's.
std::unique_ptr<Kernel> make_conv2d_grad_input(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                               std::unique_ptr<LoopRunner> epilogue);
// Inputs x and dy; output dweight.
std::unique_ptr<Kernel> make_conv2d_grad_weight(const ConvShapes& conv, DType pixels, CpuDevice& device);

}  // namespace dl
