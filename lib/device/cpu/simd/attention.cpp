// Attention in f32.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/attention_backward.h"
#include "lib/device/cpu/simd/attention_forward.h"

namespace dl::DL_ISA {

const AttentionKernels attention_kernels = {forward_floats<float>, backward_floats<float>, forward<float>,
                                            backward<float>};

}  // namespace dl::DL_ISA
