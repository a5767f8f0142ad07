// The gradient of a convolution with respect to its weight by Winograd's minimal filtering.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/winograd_tiles.h"

namespace dl {

// Inputs x and dy, both f32 or both bf16, output dweight f32 [out channels, in channels, 3, 3].
std::unique_ptr<Kernel> make_winograd_grad_weight(const WinogradTiles& tiles, DType pixels, CpuDevice& device);

}  // namespace dl
