// The gradient of attention: probabilities are made again from their logarithmic sums. One kernel goes over keys for
// blocks of queries and gives dq, one over queries for blocks of keys and gives dk and dv, so that each element is
// added up by one thread in one order. Before them each row's slope is made, the sum of dy y.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/attention_scores.h"

namespace dl::cuda {

struct AttentionSlopes {
  AttentionHeads heads;
  const void *dy, *y;
  const float* log_sums;
  float* slopes;  // as the logarithmic sums lie: [batch, heads, queries]
  void *dq, *dk, *dv;
  int batch;
};

constexpr int grad_q_shared_bytes(const AttentionTile& tile, int element_bytes) {
  return (2 * attention_rows(tile) + 2 * tile.buffers * tile.n) * attention_stride(tile, element_bytes) * element_bytes;
}
// Behind the tiles of each buffer: logarithmic sums and slopes of n queries, then which probabilities are kept.
constexpr int grad_keys_words(const AttentionTile& tile) {
  return tile.n * (2 + (tile.dropout == 64 ? 2 * tile.m : 0));
}
constexpr int grad_keys_shared_bytes(const AttentionTile& tile, int element_bytes) {
  return grad_q_shared_bytes(tile, element_bytes) + tile.buffers * grad_keys_words(tile) * 4;
}
// Rows that lie in an output as `from` does in the input that begins at `first`.
template <class T, bool grouped>
HeadRows<T, grouped> rows_like(const HeadRows<const T, grouped>& from, const void* first, void* output) {
  return {static_cast<T*>(output) + (from.first - static_cast<const T*>(first)), from.row, from.group, from.head_dim};
}

// Eight neighbouring lanes a row of y.
template <class T, bool aligned, class Thread>
void attention_slopes(const Thread& t, const AttentionSlopes& p) {
  const AttentionHeads& h = p.heads;
  const int heads = h.kv_heads * h.group, in_8 = t.lane() % 8;
  const long long rows = static_cast<long long>(p.batch) * h.queries * heads;
  const long long row = (static_cast<long long>(t.block()) * t.count() + t.index()) / 8;
  float sum = 0;
  if (row < rows) {
    constexpr int lanes = aligned ? 16 / static_cast<int>(sizeof(T)) : 1;
    using Lanes = Vector<T, lanes>;
    const T *dy = static_cast<const T*>(p.dy) + row * h.head_dim, *y = static_cast<const T*>(p.y) + row * h.head_dim;
    for (int d = in_8 * lanes; d < h.head_dim; d += 8 * lanes) {
      const auto a = t.template vector<Lanes>(dy + d), b = t.template vector<Lanes>(y + d);
      for (int i = 0; i < lanes; ++i) sum += to_float(a.at[i]) * to_float(b.at[i]);
    }
  }
  for (int mask = 4; mask > 0; mask /= 2) sum += t.shuffle_xor(sum, mask);
  if (row >= rows || in_8 != 0) return;
  const long long position = row / heads, sample = position / h.queries;
  p.slopes[(sample * heads + row % heads) * h.queries + position % h.queries] = sum;
}

// Chunks of wide heads, the piece that results last: then it lies in shared memory.
inline int chunk_column(const AttentionHeads& h, int dim, int piece, int chunk) {
  const int chunks = (h.head_dim + dim - 1) / dim;
  return (piece / dim + 1 + chunk) % chunks * dim;
}

// dq of attention_rows(tile) rows of a group (blocks x), a piece of their columns (y).
template <class Products, AttentionTile tile, class Thread>
void attention_grad_q(const Thread& t, const AttentionSlopes& p) {
  using T = typename Products::Element;
  constexpr int rows = attention_rows(tile), stride = attention_stride(tile, sizeof(T));
  const AttentionHeads& h = p.heads;
  const int row_blocks = (h.queries * h.group + rows - 1) / rows;
  const HeadGroup<tile> group(h, t.block() / row_blocks);
  const int x = t.block() % row_blocks;
  const int first = (tile.causal ? row_blocks - 1 - x : x) * rows, end = group.rows;
  const int mine = first + t.warp() * 16 * tile.m, piece = tile.wide ? t.block_y() * tile.dim : 0;
  const int stop = (group.seen_by_last(first, rows) + tile.n - 1) / tile.n;
  const int my_seen = mine < end ? group.seen_by_last(mine, 16 * tile.m) : 0;

  const auto q = t.template shared<T>(), dy = t.template shared<T>(rows * stride);
  const int my_rows = t.warp() * 16 * tile.m * stride;
  const auto k_at = [&](int buffer) { return t.template shared<T>(2 * (rows + buffer * tile.n) * stride); };
  const auto v_at = [&](int buffer) { return t.template shared<T>((2 * (rows + buffer * tile.n) + tile.n) * stride); };
  const auto dy_rows = group.template y<const T>(h, static_cast<const T*>(p.dy));
  const auto load_mine = [&](int column) {
    load_rows<tile, rows>(t, q, group.template q<T>(h), first, end, column);
    load_rows<tile, rows>(t, dy, dy_rows, first, end, column);
  };
  const auto load = [&](int of, int buffer, int column) {
    load_rows<tile, tile.n>(t, k_at(buffer), group.template k<T>(h), of * tile.n, group.visible, column);
    load_rows<tile, tile.n>(t, v_at(buffer), group.template v<T>(h), of * tile.n, group.visible, column);
    t.end_copies();
  };
  if (!tile.wide && stop > 0) {
    load_mine(0);
    if (tile.buffers == 2) {
      load(0, 0, 0);
    } else {
      t.end_copies();
    }
  }

  float log2_sum[tile.m][2], slope[tile.m][2];
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int r = mine + 16 * i + 8 * half + t.lane() / 4;
      const long long number = group.number(h, r < end ? r : end - 1);
      log2_sum[i][half] = p.log_sums[number] * 1.44269504f;
      slope[i][half] = p.slopes[number];
    }
  }
  float dq[tile.m][tile.dim / 8][4] = {};
  const float scale_log2 = h.scale * 1.44269504f;
  for (int of = 0; of < stop; ++of) {
    const int buffer = tile.buffers == 2 ? of % 2 : 0, first_key = of * tile.n;
    const bool active = first_key < my_seen;
    float s[tile.m][tile.n / 8][4] = {}, dp[tile.m][tile.n / 8][4] = {};
    const auto add = [&] {
      if (!active) return;
      Products::template by_rows<tile.dim>(t, s, q + my_rows, k_at(buffer), stride);
      Products::template by_rows<tile.dim>(t, dp, dy + my_rows, v_at(buffer), stride);
    };
    if constexpr (tile.wide) {
      for (int chunk = 0; chunk * tile.dim < h.head_dim; ++chunk) {
        const int column = chunk_column(h, tile.dim, piece, chunk);
        t.sync();
        load_mine(column);
        load(of, 0, column);
        t.template wait_copies<0>();
        t.sync();
        add();
      }
    } else {
      if constexpr (tile.buffers == 2) {
        t.template wait_copies<0>();
        t.sync();
        if (of + 1 < stop) load(of + 1, 1 - buffer, 0);
      } else {
        t.sync();
        load(of, 0, 0);
        t.template wait_copies<0>();
        t.sync();
      }
      add();
    }
    if (!active) continue;
    if (group.seen(mine) < first_key + tile.n) hide_unseen<tile>(t, s, group, mine, first_key);
    if constexpr (tile.dropout > 0) drop<tile>(t, dp, h, group, mine, first_key);
    DL_UNROLL
    for (int i = 0; i < tile.m; ++i) {
      DL_UNROLL
      for (int j = 0; j < tile.n / 8; ++j)
        for (int e = 0; e < 4; ++e)
          s[i][j][e] = t.exp2(s[i][j][e] * scale_log2 - log2_sum[i][e / 2]) * (dp[i][j][e] * h.kept - slope[i][e / 2]);
    }
    Products::by_columns(t, dq, s, k_at(buffer), stride);
  }
  if (mine >= end) return;
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int j = 0; j < tile.dim / 8; ++j)
      for (int e = 0; e < 4; ++e) dq[i][j][e] *= h.scale;
  }
  store_rows<Products, tile>(t, dq, q + my_rows, rows_like(group.template q<T>(h), h.q, p.dq), mine, end, piece);
}

// Which probabilities of 64 m keys and n rows of queries are kept, a bit each: word [16 keys][two rows], the rows'
// halves one after another. Whole warps.
template <AttentionTile tile, class Thread, class Words>
void keep_bits(const Thread& t, Words to, const AttentionHeads& h, const HeadGroup<tile>& group, int first_row,
               int first_key) {
  const unsigned long long step = random_step(h);
  for (int pair = t.warp(); pair < tile.n / 2; pair += attention_warps) {
    const int r = first_row + 2 * pair + t.lane() / 16;
    const long long number = group.number(h, r < group.rows ? r : group.rows - 1);
    const auto index = static_cast<unsigned long long>(number * h.keys + first_key);
    for (int of_64 = 0; of_64 < tile.m; ++of_64) {
      const RandomWords words = random_words(
          h.key, step, (index / 64 + static_cast<unsigned>(of_64)) * 16 + static_cast<unsigned>(t.lane() % 16));
      for (int w = 0; w < 4; ++w) {
        const unsigned kept = t.ballot(words.at[w] >> 8 >= h.dropped);
        if (t.lane() == w) to[(of_64 * 4 + w) * (tile.n / 2) + pair] = kept;
      }
    }
  }
}

// Scores of rows of queries, here columns, that do not see a key become -infinity.
template <AttentionTile tile, class Thread>
void hide_unseeing(const Thread& t, float (&s)[tile.m][tile.n / 8][4], const HeadGroup<tile>& group, int first_key,
                   int first_row) {
  DL_UNROLL
  for (int j = 0; j < tile.n / 8; ++j) {
    for (int e = 0; e < 2; ++e) {
      const int seen = group.seen(first_row + 8 * j + 2 * (t.lane() % 4) + e) - first_key;
      DL_UNROLL
      for (int i = 0; i < tile.m; ++i) {
        for (int half = 0; half < 2; ++half)
          if (16 * i + 8 * half + t.lane() / 4 >= seen) s[i][j][2 * half + e] = float_of(0xff800000u);
      }
    }
  }
}

// dk and dv of attention_rows(tile) keys of a head (blocks x), a piece of their columns (y).
template <class Products, AttentionTile tile, class Thread>
void attention_grad_keys(const Thread& t, const AttentionSlopes& p) {
  using T = typename Products::Element;
  constexpr int rows = attention_rows(tile), stride = attention_stride(tile, sizeof(T));
  const AttentionHeads& h = p.heads;
  const int row_blocks = (h.keys + rows - 1) / rows;
  const HeadGroup<tile> group(h, t.block() / row_blocks);
  const int first = t.block() % row_blocks * rows, mine = first + t.warp() * 16 * tile.m;
  const int piece = tile.wide ? t.block_y() * tile.dim : 0;
  const int tiles = (group.rows + tile.n - 1) / tile.n;
  // Rows of queries before this one see none of the keys.
  const int first_row = tile.causal ? (first < h.queries ? first * h.group : group.rows) : 0;
  const int begin = first < group.visible ? first_row / tile.n : tiles;

  const auto k = t.template shared<T>(), v = t.template shared<T>(rows * stride);
  const int my_rows = t.warp() * 16 * tile.m * stride;
  const auto q_at = [&](int buffer) { return t.template shared<T>(2 * (rows + buffer * tile.n) * stride); };
  const auto dy_at = [&](int buffer) { return t.template shared<T>((2 * (rows + buffer * tile.n) + tile.n) * stride); };
  constexpr int floats_at = grad_q_shared_bytes(tile, sizeof(T)) / 4, of_buffer = grad_keys_words(tile);
  const auto sums_at = [&](int buffer) { return t.template shared<float>(floats_at + buffer * of_buffer); };
  const auto slopes_at = [&](int buffer) { return t.template shared<float>(floats_at + buffer * of_buffer + tile.n); };
  const auto bits_at = [&](int buffer) {
    return t.template shared<unsigned>(floats_at + buffer * of_buffer + 2 * tile.n);
  };
  const auto dy_rows = group.template y<const T>(h, static_cast<const T*>(p.dy));
  const auto load_mine = [&](int column) {
    load_rows<tile, rows>(t, k, group.template k<T>(h), first, group.visible, column);
    load_rows<tile, rows>(t, v, group.template v<T>(h), first, group.visible, column);
  };
  const auto load_tiles = [&](int of, int buffer, int column) {
    load_rows<tile, tile.n>(t, q_at(buffer), group.template q<T>(h), of * tile.n, group.rows, column);
    load_rows<tile, tile.n>(t, dy_at(buffer), dy_rows, of * tile.n, group.rows, column);
  };
  // All but the tiles that a tile of queries takes.
  const auto load_numbers = [&](int of, int buffer) {
    for (int i = t.index(); i < tile.n; i += attention_threads) {
      const int r = of * tile.n + i, bytes = r < group.rows ? 4 : 0;
      const long long number = group.number(h, r < group.rows ? r : 0);
      t.copy_4(sums_at(buffer) + i, p.log_sums + number, bytes);
      t.copy_4(slopes_at(buffer) + i, p.slopes + number, bytes);
    }
    if constexpr (tile.dropout == 64) keep_bits<tile>(t, bits_at(buffer), h, group, of * tile.n, first);
  };
  const auto load = [&](int of, int buffer) {
    load_tiles(of, buffer, 0);
    load_numbers(of, buffer);
    t.end_copies();
  };
  if (!tile.wide && begin < tiles) {
    load_mine(0);
    if (tile.buffers == 2) {
      load(begin, 0);
    } else {
      t.end_copies();
    }
  }

  float dk[tile.m][tile.dim / 8][4] = {}, dv[tile.m][tile.dim / 8][4] = {};
  const float scale_log2 = h.scale * 1.44269504f;
  for (int of = begin; of < tiles; ++of) {
    const int buffer = tile.buffers == 2 ? (of - begin) % 2 : 0, row = of * tile.n;
    const bool active = mine < group.seen_by_last(row, tile.n);
    float s[tile.m][tile.n / 8][4] = {}, dp[tile.m][tile.n / 8][4] = {};
    const auto add = [&] {
      if (!active) return;
      Products::template by_rows<tile.dim>(t, s, k + my_rows, q_at(buffer), stride);
      Products::template by_rows<tile.dim>(t, dp, v + my_rows, dy_at(buffer), stride);
    };
    if constexpr (tile.wide) {
      for (int chunk = 0; chunk * tile.dim < h.head_dim; ++chunk) {
        const int column = chunk_column(h, tile.dim, piece, chunk);
        t.sync();
        load_mine(column);
        load_tiles(of, 0, column);
        if (chunk == 0) load_numbers(of, 0);
        t.end_copies();
        t.template wait_copies<0>();
        t.sync();
        add();
      }
    } else {
      if constexpr (tile.buffers == 2) {
        t.template wait_copies<0>();
        t.sync();
        if (of + 1 < tiles) load(of + 1, 1 - buffer);
      } else {
        t.sync();
        load(of, 0);
        t.template wait_copies<0>();
        t.sync();
      }
      add();
    }
    if (!active) continue;
    if (group.seen(row) < mine + 16 * tile.m) hide_unseeing<tile>(t, s, group, mine, row);
    const auto sums = sums_at(buffer), slopes = slopes_at(buffer);
    DL_UNROLL
    for (int j = 0; j < tile.n / 8; ++j) {
      for (int e = 0; e < 2; ++e) {
        const int column = 8 * j + 2 * (t.lane() % 4) + e;
        const float log2_sum = sums[column] * 1.44269504f, slope = slopes[column];
        DL_UNROLL
        for (int i = 0; i < tile.m; ++i) {
          DL_UNROLL
          for (int half = 0; half < 2; ++half) {
            float &x = s[i][j][2 * half + e], &dx = dp[i][j][2 * half + e];
            const int in_16 = 8 * half + t.lane() / 4;
            const float probability = t.exp2(x * scale_log2 - log2_sum);
            bool kept = true;
            if constexpr (tile.dropout == 64) {
              const unsigned bits = bits_at(buffer)[(t.warp() * tile.m + i) * (tile.n / 2) + column / 2];
              kept = (bits >> (16 * e + in_16) & 1u) != 0;
            } else if constexpr (tile.dropout == 1) {
              const long long index = group.number(h, row + column) * h.keys + mine + 16 * i + in_16;
              kept = random_bits(h.key, random_step(h), static_cast<unsigned long long>(index)) >> 8 >= h.dropped;
            }
            dx = probability * ((kept ? dx * h.kept : 0) - slope);
            x = kept ? probability : 0;
          }
        }
      }
    }
    Products::by_columns(t, dv, s, dy_at(buffer), stride);
    Products::by_columns(t, dk, dp, q_at(buffer), stride);
  }
  if (mine >= h.keys) return;
  DL_UNROLL
  for (int i = 0; i < tile.m; ++i) {
    DL_UNROLL
    for (int j = 0; j < tile.dim / 8; ++j) {
      for (int e = 0; e < 4; ++e) {
        dk[i][j][e] *= h.scale;
        dv[i][j][e] *= h.kept;
      }
    }
  }
  store_rows<Products, tile>(t, dk, k + my_rows, rows_like(group.template k<T>(h), h.k, p.dk), mine, h.keys, piece);
  store_rows<Products, tile>(t, dv, v + my_rows, rows_like(group.template v<T>(h), h.v, p.dv), mine, h.keys, piece);
}

}  // namespace dl::cuda
