// The matrix products in bf16 that run on AMX, on emulated tiles: for machines without it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/gemm.h"

namespace dl::amx_emulated {
extern const Bf16GemmKernels bf16_gemm_kernels;
}
