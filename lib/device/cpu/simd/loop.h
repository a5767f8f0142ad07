// What fused loops are executed with: functions over blocks of floats, compiled once for each instruction set.
// Blocks need no alignment. Unless said otherwise a function may write over one of its operands, at the same place.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

enum class LoopCode : uint8_t {
  copy,
  neg,
  abs,
  exp,
  log,
  sqrt,
  rsqrt,
  tanh,
  erf,
  sigmoid,
  floor,
  sin,
  cos,
  round_bf16,
  gelu,
  gelu_slope,  // of a
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  pow,
  dither_bf16,
  less,
  less_equal,
  equal,              // of a and b
  where,              // a != 0 ? b : c
  fma,                // a b + c
  fms,                // a b - c
  fnma,               // c - a b
  select_less,        // a < b ? c : d
  select_less_equal,  // a <= b ? c : d
  select_equal,       // a == b ? c : d
};
constexpr int loop_codes = static_cast<int>(LoopCode::select_equal) + 1;
constexpr int arity(LoopCode code) {
  return code >= LoopCode::select_less ? 4 : code >= LoopCode::where ? 3 : code >= LoopCode::add ? 2 : 1;
}

// to[i] = f(a[i], b[i], c[i], d[i]) for i < n; operands that f does not have are not looked at.
using LoopMap = void (*)(float* to, const float* a, const float* b, const float* c, const float* d, int64_t n);

struct LoopMaps {
  // By code and by which operands are one number for the whole block (bit 0: a, bit 1: b, …). Null where all of them
  // would be: for that, n = 1 and no bit.
  LoopMap map[loop_codes][16];
};

struct LoopFills {
  void (*from_i32)(float* to, const int32_t* from, int64_t n);
  void (*from_u8)(float* to, const uint8_t* from, int64_t n);
  void (*from_bf16)(float* to, const uint16_t* from, int64_t n);
  void (*to_bf16)(uint16_t* to, const float* from, int64_t n);  // bf16_of_float() of lib/base/bf16.h, bit for bit
  void (*iota)(float* to, int64_t first, int64_t n);            // first, first + 1, …
  // random_uniform(key, step, first + i) of lib/base/random.h, bit for bit.
  void (*random)(float* to, uint64_t key, uint64_t step, int64_t first, int64_t n);
  // to[r * cols + c] = row[r]
  void (*spread)(float* to, const float* row, int64_t rows, int64_t cols);
  // Begins to bring n floats into the first-level cache, which may lie behind the end of what there is. `to_write`: as
  // this core's alone, so that writing them does not ask the other cores again.
  void (*fetch)(const float* from, int64_t n, bool to_write);
};

struct LoopReductions {
  // to[r] = the sum (the largest) of x[r * cols …], together with what to[r] holds where `more`. NaN stays NaN.
  void (*row_sum)(float* to, const float* x, int64_t rows, int64_t cols, bool more);
  void (*row_max)(float* to, const float* x, int64_t rows, int64_t cols, bool more);
  double (*total)(const float* x, int64_t n);  // the sum of n floats, to about f32's rounding

  // sum[j] += x[r * stride + j] for j < width, row after row.
  void (*sum_rows)(float* sum, const float* x, int64_t rows, int64_t width, int64_t stride);
  // With d = x[r * stride + j] - shift[j]: sum[j] += d, square[j] += d d, row after row.
  void (*moment_rows)(float* sum, float* square, const float* shift, const float* x, int64_t rows, int64_t width,
                      int64_t stride);
  // to[j] = the sum of parts[k * stride + j] over k < count, for j < n, in double.
  void (*merge_sums)(float* to, const float* parts, int64_t count, int64_t stride, int64_t n);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(LoopMaps, loop_maps);
DL_DECLARE_FOR_ISA(LoopFills, loop_fills);
DL_DECLARE_FOR_ISA(LoopReductions, loop_reductions);
