// Convolution of bf16 and its gradients: operands bf16, sums and results f32.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/correlation.h"

namespace dl {

// A window that slides over images, as Correlation does it in f32. Not for groups of one channel each.
std::unique_ptr<Kernel> make_bf16_correlation(CorrelationGeometry geometry, CpuDevice& device,
                                              std::unique_ptr<LoopRunner> epilogue);

std::unique_ptr<Kernel> make_bf16_grad_weight(const ConvShapes& conv, CpuDevice& device);

}  // namespace dl
