// Attention of the heads that share one head of keys and values, by blocks that stay in cache (Dao 2023,
// arXiv:2307.08691). Sums are in f32; in bf16 what is multiplied is bf16, probabilities and their slopes too.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/table.h"

namespace dl {

// Heads of one sample. A position's `head_dim` elements are neighbours; `_row` is the distance in elements from one
// position to the next. Pointers are to f32, or to bf16.
struct AttentionHeads {
  const void* q = nullptr;  // the first of `group` heads, which lie side by side
  const void *k = nullptr, *v = nullptr;
  int64_t q_row = 0, k_row = 0, v_row = 0;
  void* y = nullptr;  // as q
  int64_t y_row = 0;
  float* log_sums = nullptr;  // [group][queries]
  int64_t group = 1, queries = 0, keys = 0, head_dim = 0;
  int64_t visible = 0;  // keys that queries see: the first so many
  bool causal = false;  // of which query i sees 0 … i
  float scale = 1;
  float dropout = 0;  // probabilities whose random number is below it become 0
  uint64_t key = 0, step = 0;
  decltype(LoopFills::random) random = nullptr;
  const AttentionHeads* next = nullptr;  // what this thread does next: fetched ahead
  int64_t first_random = 0;  // the random number of query 0 and key 0 of the first head; the others follow in order
};

// What backward reads and writes beside; dq, dk and dv lie as q, k and v do.
struct AttentionSlopes {
  const void *dy = nullptr, *next_dy = nullptr;  // as y
  void *dq = nullptr, *dk = nullptr, *dv = nullptr;
};

struct AttentionKernels {
  // Floats of working memory of forward() for at most so many queries, and of backward().
  int64_t (*forward_floats)(const AttentionHeads& heads, int64_t queries);
  int64_t (*backward_floats)(const AttentionHeads& heads);
  // Queries [begin, end) of all heads of the group: y and log_sums.
  void (*forward)(const AttentionHeads& heads, int64_t begin, int64_t end, float* workspace);
  // From y and log_sums: dq of all queries, dk and dv of all keys.
  void (*backward)(const AttentionHeads& heads, const AttentionSlopes& slopes, float* workspace);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::AttentionKernels, attention_kernels)
DL_DECLARE_FOR_BF16(dl::AttentionKernels, bf16_attention_kernels)
