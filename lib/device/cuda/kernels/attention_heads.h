// How blocks cut the work of attention and its gradient, and where the heads lie. The heads that share a head of keys
// make rows together: query i of head h of a group is row i * group + h, so that their keys are read once.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

constexpr int attention_warps = 4, attention_threads = 128;

// How blocks of a kernel cut their work; all of it follows from shapes.
struct AttentionTile {
  int dim;      // columns of a head that are held at a time: a multiple of 16
  int m;        // a warp has 16 m rows of scores
  int n;        // and n columns at a time: a multiple of 16
  int buffers;  // 2: the next tile is copied while one is worked on
  bool causal;
  bool grouped;        // several heads of queries share one of keys
  bool aligned;        // rows of heads begin at, and have, multiples of 16 bytes
  bool wide = false;   // heads are wider than dim: scores are made piece by piece, blocks y have pieces of what results
  bool split = false;  // blocks z have parts of the keys
  int dropout = 0;     // 64: rows of probabilities begin at multiples of 64; 1: anywhere; 0: none
};
constexpr int attention_rows(const AttentionTile& tile) { return attention_warps * 16 * tile.m; }
// From one row to the next in shared memory, in elements: by 16 bytes off, so that eight rows lie in all banks.
constexpr int attention_stride(const AttentionTile& tile, int element_bytes) { return tile.dim + 16 / element_bytes; }
constexpr int power_of_two(int at_least) {
  int n = 1;
  while (n < at_least) n *= 2;
  return n;
}
constexpr int attention_shared_bytes(const AttentionTile& tile, int element_bytes) {
  return (attention_rows(tile) + 2 * tile.buffers * tile.n) * attention_stride(tile, element_bytes) * element_bytes;
}

// Where the heads lie, and what is to be made of them.
struct AttentionHeads {
  const void *q, *k, *v;  // of the first sample's first head; f32 or bf16
  const int* lengths;     // of each sample, of keys; null: all
  const int* step;        // of the random numbers
  unsigned long long key;
  long long q_sample, k_sample, v_sample;  // elements from one sample to the next
  long long q_row, k_row, v_row;           // and from one position to the next
  int queries, keys, head_dim;
  int kv_heads, group;  // heads of keys, and of queries on each
  float scale;
  unsigned dropped;  // 24 random bits below it drop a probability
  float kept;        // by what the others are multiplied: 1 / (1 - dropout)
};

inline unsigned long long random_step(const AttentionHeads& h) {
  return static_cast<unsigned long long>(static_cast<long long>(*h.step));
}

// Rows of a head, or of the heads of a group.
template <class T, bool grouped>
struct HeadRows {
  T* first;
  long long row;
  int group, head_dim;
  T* operator()(int r) const {
    if constexpr (grouped) return first + (r / group * row + r % group * head_dim);
    return first + r * row;
  }
};

// The group of heads of a block: a sample and a head of keys.
template <AttentionTile tile>
struct HeadGroup {
  int sample, head, group, rows, visible;  // visible: keys of the sample

  HeadGroup(const AttentionHeads& h, int index)
      : sample(index / h.kv_heads),
        head(index % h.kv_heads),
        group(tile.grouped ? h.group : 1),
        rows(h.queries * group),
        visible(h.keys) {
    if (h.lengths) visible = h.lengths[sample] < 0 ? 0 : h.lengths[sample] < h.keys ? h.lengths[sample] : h.keys;
  }
  template <class T>
  HeadRows<const T, tile.grouped> q(const AttentionHeads& h) const {
    return {static_cast<const T*>(h.q) + (sample * h.q_sample + static_cast<long long>(head) * group * h.head_dim),
            h.q_row, group, h.head_dim};
  }
  template <class T>
  HeadRows<const T, false> k(const AttentionHeads& h) const {
    return {static_cast<const T*>(h.k) + (sample * h.k_sample + static_cast<long long>(head) * h.head_dim), h.k_row, 1,
            h.head_dim};
  }
  template <class T>
  HeadRows<const T, false> v(const AttentionHeads& h) const {
    return {static_cast<const T*>(h.v) + (sample * h.v_sample + static_cast<long long>(head) * h.head_dim), h.v_row, 1,
            h.head_dim};
  }
  // Of a tensor that lies as y does.
  template <class T>
  HeadRows<T, tile.grouped> y(const AttentionHeads& h, T* first) const {
    const long long row = static_cast<long long>(h.kv_heads) * group * h.head_dim;
    return {
        first + (static_cast<long long>(sample) * h.queries * row + static_cast<long long>(head) * group * h.head_dim),
        row, group, h.head_dim};
  }
  // The row's number among those of all heads, [batch, heads, queries].
  long long number(const AttentionHeads& h, int r) const {
    const long long first = (static_cast<long long>(sample) * h.kv_heads + head) * group;
    if constexpr (tile.grouped) return (first + r % group) * h.queries + r / group;
    return first * h.queries + r;
  }
  // How many keys a row sees: no fewer than the row before.
  int seen(int r) const {
    if constexpr (!tile.causal) return visible;
    const int query = tile.grouped ? r / group : r;
    return query + 1 < visible ? query + 1 : visible;
  }
  // And how many the last of `count` rows does.
  int seen_by_last(int first, int count) const { return seen((first + count < rows ? first + count : rows) - 1); }
};

}  // namespace dl::cuda
