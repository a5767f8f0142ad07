// Attention that never forms the matrix of probabilities (Dao et al. 2022, arXiv:2205.14135; Dao 2023,
// arXiv:2307.08691): a block has some queries and goes over the keys that they see, a tile at a time, with a running
// maximum and sum.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/attention_scores.h"

namespace dl::cuda {

struct Attention {
  AttentionHeads heads;
  void* y;
  float* log_sums;
  float *part_y, *part_log_sums;  // [parts, batch, heads, queries, head_dim] and without head_dim, where keys are split
  int part_tiles;                 // tiles of keys of a part
};

// Rows of queries with their running maxima and sums.
template <class Products, AttentionTile tile>
struct AttentionRows {
  float y[tile.m][tile.dim / 8][4] = {};
  float most[tile.m][2], total[tile.m][2] = {};  // this lane's part of the total

  AttentionRows() {
    DL_UNROLL
    for (int i = 0; i < tile.m; ++i) {
      for (int half = 0; half < 2; ++half) most[i][half] = float_of(0xff800000u);
    }
  }

  // Scores become exponentials, and what was added so far is scaled to their maximum. scale_log2: of scores, for 2^x.
  template <class Thread>
  void take_exponentials(const Thread& t, float (&s)[tile.m][tile.n / 8][4], float scale_log2) {
    DL_UNROLL
    for (int i = 0; i < tile.m; ++i) {
      DL_UNROLL
      for (int half = 0; half < 2; ++half) {
        float x = most[i][half];
        DL_UNROLL
        for (int j = 0; j < tile.n / 8; ++j)
          for (int e = 0; e < 2; ++e) x = fmaxf(x, s[i][j][2 * half + e]);
        for (int mask = 1; mask < 4; mask *= 2) x = fmaxf(x, t.shuffle_xor(x, mask));
        const float base = x == float_of(0xff800000u) ? 0 : x * scale_log2;
        const float before = t.exp2(most[i][half] * scale_log2 - base);
        most[i][half] = x;
        float sum = total[i][half] * before;
        DL_UNROLL
        for (int j = 0; j < tile.n / 8; ++j) {
          for (int e = 0; e < 2; ++e) {
            float& p = s[i][j][2 * half + e];
            p = t.exp2(p * scale_log2 - base);
            sum += p;
          }
        }
        total[i][half] = sum;
        DL_UNROLL
        for (int j = 0; j < tile.dim / 8; ++j)
          for (int e = 0; e < 2; ++e) y[i][j][2 * half + e] *= before;
      }
    }
  }

  // y becomes the mean of the values; gives the logarithm of row (i, half)'s sum, in all its lanes.
  template <class Thread>
  float finish(const Thread& t, const AttentionHeads& h, int i, int half) {
    float sum = total[i][half];
    for (int mask = 1; mask < 4; mask *= 2) sum += t.shuffle_xor(sum, mask);
    const float factor = sum == 0 ? 0 : h.kept / sum;
    DL_UNROLL
    for (int j = 0; j < tile.dim / 8; ++j)
      for (int e = 0; e < 2; ++e) y[i][j][2 * half + e] *= factor;
    return sum == 0 ? float_of(0xff800000u) : most[i][half] * h.scale + logf(sum);
  }
};

// What a warp's rows, from `mine` on, have become, and their logarithmic sums; of a part of the keys beside those of
// the other parts. `piece`: their first column; my_q: the warp's rows of shared memory.
template <class Products, AttentionTile tile, class Thread, class Mine>
void put_attention(const Thread& t, const Attention& p, const HeadGroup<tile>& group,
                   AttentionRows<Products, tile>& result, Mine my_q, int mine, int piece, int row_blocks) {
  using T = typename Products::Element;
  const AttentionHeads& h = p.heads;
  const int end = group.rows;
  const long long part = tile.split ? t.block_z() * (static_cast<long long>(t.blocks() / row_blocks) * end) : 0;
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const float log_sum = result.finish(t, h, i, half);
      const int r = mine + 16 * i + 8 * half + t.lane() / 4;
      if (r >= end) continue;
      const long long number = part + group.number(h, r);
      float* sums = tile.split ? p.part_log_sums : p.log_sums;
      if (t.lane() % 4 == 0 && piece == 0) sums[number] = log_sum;
      if constexpr (tile.split) {
        DL_UNROLL
        for (int j = 0; j < tile.dim / 8; ++j)
          for (int e = 0; e < 2; ++e) {
            const int column = piece + Products::column(t, j) + e;
            if (column < h.head_dim) p.part_y[number * h.head_dim + column] = result.y[i][j][2 * half + e];
          }
      }
    }
  }
  if constexpr (!tile.split)
    store_rows<Products, tile>(t, result.y, my_q, group.template y<T>(h, static_cast<T*>(p.y)), mine, end, piece);
}

// One block: attention_rows(tile) rows of a group (blocks x), a piece of their columns (y), a part of the keys (z).
template <class Products, AttentionTile tile, class Thread>
void attention(const Thread& t, const Attention& p) {
  using T = typename Products::Element;
  constexpr int rows = attention_rows(tile), stride = attention_stride(tile, sizeof(T));
  const AttentionHeads& h = p.heads;
  const int row_blocks = (h.queries * h.group + rows - 1) / rows;
  const HeadGroup<tile> group(h, t.block() / row_blocks);
  const int x = t.block() % row_blocks;
  const int first = (tile.causal ? row_blocks - 1 - x : x) * rows;  // what takes longest begins first
  const int end = group.rows, mine = first + t.warp() * 16 * tile.m, piece = tile.wide ? t.block_y() * tile.dim : 0;
  const int my_seen = mine < end ? group.seen_by_last(mine, 16 * tile.m) : 0;
  int begin = 0, stop = (group.seen_by_last(first, rows) + tile.n - 1) / tile.n;
  if constexpr (tile.split) {
    begin = t.block_z() * p.part_tiles;
    stop = begin + p.part_tiles < stop ? begin + p.part_tiles : stop;
  }

  const auto q = t.template shared<T>();
  const auto my_q = q + t.warp() * 16 * tile.m * stride;
  const auto k_at = [&](int buffer) { return t.template shared<T>((rows + 2 * buffer * tile.n) * stride); };
  const auto v_at = [&](int buffer) { return t.template shared<T>((rows + (2 * buffer + 1) * tile.n) * stride); };
  const auto load = [&](int of, int buffer) {
    load_rows<tile, tile.n>(t, k_at(buffer), group.template k<T>(h), of * tile.n, group.visible, 0);
    load_rows<tile, tile.n>(t, v_at(buffer), group.template v<T>(h), of * tile.n, group.visible, 0);
    t.end_copies();
  };
  if (!tile.wide && begin < stop) {
    load_rows<tile, rows>(t, q, group.template q<T>(h), first, end, 0);
    if (tile.buffers == 2) {
      load(begin, 0);
    } else {
      t.end_copies();
    }
  }

  AttentionRows<Products, tile> result;
  const float scale_log2 = h.scale * 1.44269504f;
  for (int of = begin; of < stop; ++of) {
    const int buffer = tile.buffers == 2 ? (of - begin) % 2 : 0, first_key = of * tile.n;
    const bool active = first_key < my_seen;
    float s[tile.m][tile.n / 8][4] = {};
    if constexpr (tile.wide) {
      for (int column = 0; column < h.head_dim; column += tile.dim) {
        t.sync();
        load_rows<tile, rows>(t, q, group.template q<T>(h), first, end, column);
        load_rows<tile, tile.n>(t, k_at(0), group.template k<T>(h), first_key, group.visible, column);
        if (column == 0) load_rows<tile, tile.n>(t, v_at(0), group.template v<T>(h), first_key, group.visible, piece);
        t.end_copies();
        t.template wait_copies<0>();
        t.sync();
        if (active) Products::template by_rows<tile.dim>(t, s, my_q, k_at(0), stride);
      }
    } else {
      if constexpr (tile.buffers == 2) {
        t.template wait_copies<0>();
        t.sync();
        if (of + 1 < stop) load(of + 1, 1 - buffer);
      } else {
        t.sync();
        load(of, 0);
        t.template wait_copies<0>();
        t.sync();
      }
      if (active) Products::template by_rows<tile.dim>(t, s, my_q, k_at(buffer), stride);
    }
    if (!active) continue;
    if (group.seen(mine) < first_key + tile.n) hide_unseen<tile>(t, s, group, mine, first_key);
    result.take_exponentials(t, s, scale_log2);
    if constexpr (tile.dropout > 0) drop<tile>(t, s, h, group, mine, first_key);
    Products::by_columns(t, result.y, s, v_at(buffer), stride);
  }

  if (mine < end) put_attention(t, p, group, result, my_q, mine, piece, row_blocks);
}

}  // namespace dl::cuda
