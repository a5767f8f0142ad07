// Attention that never forms the matrix of probabilities (Dao et al. 2022, arXiv:2205.14135; Dao 2023,
// arXiv:2307.08691): a block has some queries and goes over the keys that they see, a tile at a time, with a running
// maximum and sum. The heads that share a head of keys make rows together: query i of head h of a group is row
// i * group + h, so that their keys are read once.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"
#include "lib/device/cuda/kernels/random.h"
#include "lib/device/cuda/kernels/warp_products.h"

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
    return {first + (sample * h.queries * row + static_cast<long long>(head) * group * h.head_dim), row, group,
            h.head_dim};
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

  if (mine >= end) return;
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

struct AttentionPieces {
  const float *y, *log_sums;  // of each part
  void* whole_y;
  float* whole_log_sums;
  int parts, batch, heads, queries, head_dim;
};

// The parts' means weighed by their sums, in their order. A warp a row.
template <class T, class Thread>
void join_attention(const Thread& t, const AttentionPieces& p) {
  const long long rows = static_cast<long long>(p.batch) * p.heads * p.queries;
  const long long row = static_cast<long long>(t.block()) * (t.count() / 32) + t.warp();
  if (row >= rows) return;
  float most = float_of(0xff800000u), total = 0;
  for (int i = 0; i < p.parts; ++i) most = fmaxf(most, p.log_sums[i * rows + row]);
  const float base = most == float_of(0xff800000u) ? 0 : most;
  for (int i = 0; i < p.parts; ++i) total += expf(p.log_sums[i * rows + row] - base);
  const float inverse = total == 0 ? 0 : 1 / total;
  const long long of_queries = row / p.queries, sample = of_queries / p.heads;
  T* y = static_cast<T*>(p.whole_y) +
         ((sample * p.queries + row % p.queries) * p.heads + of_queries % p.heads) * p.head_dim;
  for (int d = t.lane(); d < p.head_dim; d += 32) {
    float sum = 0;
    for (int i = 0; i < p.parts; ++i)
      sum += expf(p.log_sums[i * rows + row] - base) * p.y[(i * rows + row) * p.head_dim + d];
    y[d] = number<T>(sum * inverse);
  }
  if (t.lane() == 0) p.whole_log_sums[row] = total == 0 ? float_of(0xff800000u) : base + logf(total);
}

}  // namespace dl::cuda
