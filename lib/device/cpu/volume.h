// Convolutions of volumes, by those of images: a plane of the output is a convolution of images whose channels are
// those of all the planes under its taps along the depth, laid beside each other. So each of them is a copy of some
// planes and one of the kernels for images, with its blocks, tiles and bf16.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/loop_runner.h"

namespace dl {

// Inputs and outputs as those of conv2d.h.
std::unique_ptr<Kernel> make_volume_convolution(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                                std::unique_ptr<LoopRunner> epilogue);
std::unique_ptr<Kernel> make_volume_grad_input(const ConvShapes& conv, DType pixels, CpuDevice& device,
                                               std::unique_ptr<LoopRunner> epilogue);
std::unique_ptr<Kernel> make_volume_grad_weight(const ConvShapes& conv, DType pixels, CpuDevice& device);

}  // namespace dl
