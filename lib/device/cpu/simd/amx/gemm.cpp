// Matrix products in bf16 on the tiles of the processor.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/amx/tiled_gemm.h"
#include "lib/device/cpu/simd/amx/tiles.h"

namespace dl::DL_ISA {

const Bf16GemmKernels bf16_gemm_kernels = tiled_gemm_kernels<ProcessorTiles>;

}  // namespace dl::DL_ISA
