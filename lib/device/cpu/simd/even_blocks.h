// Arithmetic of blocks.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl::DL_ISA {

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// n cut into even parts of at most `block`, in multiples of `unit`.
constexpr int64_t even_block(int64_t n, int64_t block, int64_t unit) {
  const int64_t parts = n > block ? (n + block - 1) / block : 1;
  return round_up((n + parts - 1) / parts, unit);
}

}  // namespace dl::DL_ISA
