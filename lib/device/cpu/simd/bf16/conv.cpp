// Pairs of neighbouring pixels, channel by channel.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/bf16/conv.h"

#include "lib/device/cpu/simd/bf16/words.h"

namespace dl::DL_ISA {
namespace {

void pair(const uint16_t* a, const uint16_t* b, int64_t n, uint16_t* to) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    store_words(to + 2 * i, reinterpret_cast<vf>(load_halves(a + i, lanes) | load_halves(b + i, lanes) << 16));
  }
  for (; i < n; ++i) {
    to[2 * i] = a[i];
    to[2 * i + 1] = b[i];
  }
}

}  // namespace

const Bf16ConvKernels bf16_conv_kernels = {pair};

}  // namespace dl::DL_ISA
