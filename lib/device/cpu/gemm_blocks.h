// Which blocks of an f32 product are worth trying on a machine: a small model of what tiles, copying and caches cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/device/cpu/machine.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl {

// "packed 84x512" or "in place 84x512": how A is read, rows and columns of a block.
std::string text_of(const GemmBlocks& blocks);

// Seconds that one thread is expected to take for the product with such blocks; its sizes and strides count.
double expected_seconds(const Gemm& product, const GemmBlocks& blocks, const Machine& machine, Isa isa);

// The blocks that are expected to be nearly the fastest, at most `most`, the best first, and the best of the other way
// of reading A where it may be as fast; one where the product is too small for the choice to matter.
std::vector<GemmBlocks> likely_blocks(const Gemm& product, const Machine& machine, Isa isa, size_t most = 3);

// The best of them; bf16's products have blocks of their own.
inline GemmBlocks best_blocks(const Gemm& product, const Machine& machine, Isa isa) {
  return likely_blocks(product, machine, isa, 1)[0];
}
inline GemmBlocks best_blocks(const Bf16Gemm&, const Machine&, Isa) { return {}; }

}  // namespace dl
