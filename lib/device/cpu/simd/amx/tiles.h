// The instructions on tiles of a processor with AMX (Intel's Software Developer's Manual, volumes 1 and 2). Only where
// Bf16Unit::amx is supported. Not the compiler's intrinsics: in GCC 12 these are macros that take a tile's number only
// as a literal, and that do not say that a load reads memory, so that what was stored before may come after.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/amx/tile_config.h"

namespace dl {

struct ProcessorTiles {
  // The thread's tiles have these shapes, and hold 0, until release(): then the system need no longer save them.
  [[gnu::always_inline]] static void configure(const TileConfig& config) { asm volatile("ldtilecfg %0" ::"m"(config)); }
  [[gnu::always_inline]] static void release() { asm volatile("tilerelease"); }

  template <int tile>
  [[gnu::always_inline]] static void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(tile));
  }
  // Rows lie `stride` bytes apart.
  template <int tile>
  [[gnu::always_inline]] static void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
  }
  template <int tile>
  [[gnu::always_inline]] static void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
  }
  // c[m][n] += the sum over k of a[m][2 k] b[k][2 n] + a[m][2 k + 1] b[k][2 n + 1], a and b bf16, c f32.
  template <int c, int a, int b>
  [[gnu::always_inline]] static void add_products() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};

}  // namespace dl
