// The source of lib/device/cpu/simd/amx, compiled for emulated tiles.
// SPDX-License-Identifier: Apache-2.0
#include "tests/amx/emulated_gemm.h"

#include "lib/device/cpu/simd/amx/tiled_gemm.h"
#include "tests/amx/emulated_tiles.h"

namespace dl::DL_ISA {

const Bf16GemmKernels bf16_gemm_kernels = tiled_gemm_kernels<testing::EmulatedTiles>;

}  // namespace dl::DL_ISA
