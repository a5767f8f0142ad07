// Laying out what convolutions of bf16 multiply.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

struct Bf16ConvKernels {
  // to[2 i] = a[i], to[2 i + 1] = b[i] for i < n.
  void (*pair)(const uint16_t* a, const uint16_t* b, int64_t n, uint16_t* to);
};

}  // namespace dl

DL_DECLARE_FOR_BF16(dl::Bf16ConvKernels, bf16_conv_kernels)
