// Convolution of bf16 and its gradients: operands bf16, sums and results f32.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/correlation.h"
#include "lib/graph/ops/conv2d.h"

namespace dl {

// A window that slides over images, as Correlation does it in f32. Not for groups of one channel each.
std::unique_ptr<Kernel> make_bf16_correlation(Correlation::Geometry geometry, CpuDevice& device,
                                              std::unique_ptr<LoopRunner> epilogue);

std::unique_ptr<Kernel> make_bf16_grad_weight(const Conv2dGradWeight& op, const Shape& x, const Shape& dy,
                                              CpuDevice& device);

}  // namespace dl
