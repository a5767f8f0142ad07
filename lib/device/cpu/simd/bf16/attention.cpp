// Attention of bf16.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/attention_backward.h"
#include "lib/device/cpu/simd/attention_forward.h"

namespace dl::DL_ISA {

const AttentionKernels bf16_attention_kernels = {forward_floats<uint16_t>, backward_floats<uint16_t>, forward<uint16_t>,
                                                 backward<uint16_t>};

}  // namespace dl::DL_ISA
