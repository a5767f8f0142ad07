// What attention and its gradient do with rows in shared memory and scores in registers: rows are loaded and stored,
// scores that a query does not see are hidden, probabilities dropped.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/attention_heads.h"
#include "lib/device/cuda/kernels/random.h"
#include "lib/device/cuda/kernels/warp_products.h"

namespace dl::cuda {

// `count` rows from `first` on to shared memory, columns from `column` on: zeros from row `end` and beyond the head.
// Aligned ones are copied without waiting, each thread in one column.
template <AttentionTile tile, int count, class T, bool grouped, class Thread, class To>
void load_rows(const Thread& t, To to, const HeadRows<const T, grouped>& rows, int first, int end, int column) {
  constexpr int stride = attention_stride(tile, sizeof(T));
  if constexpr (tile.aligned) {
    constexpr int lanes = 16 / static_cast<int>(sizeof(T)), chunks = tile.dim / lanes, columns = power_of_two(chunks);
    constexpr int step = attention_threads / columns;
    const int r = t.index() / columns, c = t.index() % columns * lanes;
    if (c >= tile.dim || r >= count) return;
    const int last = column + c < rows.head_dim ? end - first : 0;
    const auto mine = to + (r * stride + c);
    const T* from = rows(first + r) + (column + c);
    for (int i = 0; i < count; i += step) {
      if (grouped && i > 0) from = rows(first + r + i) + (column + c);
      t.copy_16(mine + i * stride, from, r + i < last ? 16 : 0);
      from += step * rows.row;
    }
  } else {
    for (int e = t.index(); e < count * tile.dim; e += attention_threads) {
      const int r = e / tile.dim, c = e % tile.dim;
      const bool there = first + r < end && column + c < rows.head_dim;
      to[r * stride + c] = there ? rows(first + r)[column + c] : T{};
    }
  }
}

// The warp's 16 m rows of a result from registers, laid out as by_columns leaves them, to `first` and the next rows:
// through the warp's own rows of shared memory, so that 16 bytes are written at a time.
template <class Products, AttentionTile tile, bool grouped, class Thread, class Mine>
void store_rows(const Thread& t, const float (&x)[tile.m][tile.dim / 8][4], Mine mine,
                const HeadRows<typename Products::Element, grouped>& rows, int first, int end, int column) {
  using T = typename Products::Element;
  constexpr int lanes = tile.aligned ? 16 / static_cast<int>(sizeof(T)) : 1, chunks = tile.dim / lanes;
  constexpr int stride = attention_stride(tile, sizeof(T));
  using Pair = Vector<T, 2>;
  t.sync_warp();
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const auto row = mine + (16 * i + 8 * half + t.lane() / 4) * stride;
      DL_UNROLL
      for (int j = 0; j < tile.dim / 8; ++j) {
        const float a = x[i][j][2 * half], b = x[i][j][2 * half + 1];
        if constexpr (sizeof(T) == 2) {
          t.put_vector(row + Products::column(t, j), t.bf16_pair(a, b));
        } else {
          t.put_vector(row + Products::column(t, j), Pair{{a, b}});
        }
      }
    }
  }
  t.sync_warp();
  for (int e = t.lane(); e < 16 * tile.m * chunks; e += 32) {
    const int r = e / chunks, c = e % chunks * lanes;
    if (first + r >= end || column + c >= rows.head_dim) continue;
    using Lanes = Vector<T, lanes>;
    t.put_vector(rows(first + r) + (column + c), t.template vector<Lanes>(mine + (r * stride + c)));
  }
}

// Scores of keys that a row does not see become -infinity.
template <AttentionTile tile, class Thread>
void hide_unseen(const Thread& t, float (&s)[tile.m][tile.n / 8][4], const HeadGroup<tile>& group, int first_row,
                 int first_key) {
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int seen = group.seen(first_row + 16 * i + 8 * half + t.lane() / 4) - first_key;
      DL_UNROLL
      for (int j = 0; j < tile.n / 8; ++j)
        for (int e = 0; e < 2; ++e)
          if (8 * j + 2 * (t.lane() % 4) + e >= seen) s[i][j][2 * half + e] = float_of(0xff800000u);
    }
  }
}

// Word `which` of those that a tile of n columns has of four, the first of which is `first`.
template <int n>
unsigned random_word(const RandomWords& words, int first, int which) {
  if constexpr (n >= 64) return words.at[which % 4];
  if constexpr (n == 32) return first == 0 ? words.at[which] : words.at[which + 2];
  return first == 0 ? words.at[0] : first == 1 ? words.at[1] : first == 2 ? words.at[2] : words.at[3];
}

// Of the n probabilities from number `index` on, those that this lane has: bit 2 j + e, whether column 8 j + 2
// (lane % 4) + e is kept.
template <AttentionTile tile, class Thread>
unsigned kept_bits(const Thread& t, const AttentionHeads& h, unsigned long long index) {
  const unsigned long long step = random_step(h);
  const int pair = 2 * (t.lane() % 4);
  unsigned kept = 0;
  if constexpr (tile.dropout == 64) {
    for (int place = 0; place < 4; ++place) {  // this lane's in each 16 neighbouring ones
      const int in_16 = 8 * (place / 2) + pair + place % 2;
      const RandomWords words = random_words(h.key, step, index / 64 * 16 + static_cast<unsigned>(in_16));
      DL_UNROLL
      for (int word = 0; word < tile.n / 16; ++word) {
        const unsigned bits = random_word<tile.n>(words, static_cast<int>(index / 16 % 4), word);
        if (bits >> 8 >= h.dropped) kept |= 1u << (4 * word + place);
      }
    }
  } else {
    for (int i = 0; i < tile.n / 4; ++i) {
      const int column = 8 * (i / 2) + pair + i % 2;
      if (random_bits(h.key, step, index + static_cast<unsigned>(column)) >> 8 >= h.dropped) kept |= 1u << i;
    }
  }
  return kept;
}

// Zeros where probabilities are dropped; rows of x are rows of queries.
template <AttentionTile tile, class Thread>
void drop(const Thread& t, float (&x)[tile.m][tile.n / 8][4], const AttentionHeads& h, const HeadGroup<tile>& group,
          int first_row, int first_key) {
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const long long number = group.number(h, first_row + 16 * i + 8 * half + t.lane() / 4);
      const unsigned kept = kept_bits<tile>(t, h, static_cast<unsigned long long>(number * h.keys + first_key));
      DL_UNROLL
      for (int j = 0; j < tile.n / 8; ++j)
        for (int e = 0; e < 2; ++e)
          if ((kept >> (2 * j + e) & 1u) == 0) x[i][j][2 * half + e] = 0;
    }
  }
}

}  // namespace dl::cuda
