// The gradient of the weight of a convolution over windows of one pixel: a product of matrices, dy^T x, whose depth is
// the pixels.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/conv2d.h"

namespace dl {

// Whether it is that in f32, of enough input channels to fill the vectors of a product.
bool is_point_grad_weight(const ConvShapes& conv);
std::unique_ptr<Kernel> make_point_grad_weight(const ConvShapes& conv, CpuDevice& device);

}  // namespace dl
