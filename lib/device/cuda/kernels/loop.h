// What the generated kernels of fused loops are written with: elements that lie together, reductions along rows and
// over the rows of a block, and the merging of what several blocks have summed. A team is the threads that share a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/functions.h"
#include "lib/device/cuda/kernels/random.h"

namespace dl::cuda {

// Where a loop's tensors lie: inputs, outputs, then working memory, in the order that its text knows.
template <int n>
struct LoopPointers {
  void* at[n];
};

// Neighbouring elements in registers.
template <class T, int n>
struct Chunk {
  T at[n];
};

// As many at a time as 16 bytes hold, where p is aligned to that: a value may be a part of another's, as a bias is of
// several layers' one, and begin anywhere.
template <class T, int n, class Thread>
Chunk<T, n> load_chunk(const Thread& t, const T* p) {
  constexpr int together = n * sizeof(T) <= 16 ? n : 16 / sizeof(T);
  Chunk<T, n> x;
  if (reinterpret_cast<unsigned long long>(p) % (together * sizeof(T)) == 0) {
    for (int i = 0; i < n; i += together) {
      const auto part = t.template vector<Vector<T, together>>(p + i);
      for (int j = 0; j < together; ++j) x.at[i + j] = part.at[j];
    }
  } else {
    for (int i = 0; i < n; ++i) x.at[i] = p[i];
  }
  return x;
}
template <class T, int n, class Thread>
void put_chunk(const Thread& t, T* p, const Chunk<T, n>& x) {
  constexpr int together = n * sizeof(T) <= 16 ? n : 16 / sizeof(T);
  for (int i = 0; i < n; i += together) {
    Vector<T, together> part;
    for (int j = 0; j < together; ++j) part.at[j] = x.at[i + j];
    t.put_vector(p + i, part);
  }
}
// f32 and, by pairs, bf16 from what was computed.
template <int n, class Thread>
Chunk<float, n> numbers_of(const Thread&, float*, const Chunk<float, n>& x) {
  return x;
}
template <int n, class Thread>
Chunk<Bf16, n> numbers_of(const Thread& t, Bf16*, const Chunk<float, n>& x) {
  Chunk<Bf16, n> y;
  for (int i = 0; i < n; i += 2) {
    const unsigned pair = t.bf16_pair(x.at[i], i + 1 < n ? x.at[i + 1] : 0.0f);
    y.at[i] = {static_cast<unsigned short>(pair)};
    if (i + 1 < n) y.at[i + 1] = {static_cast<unsigned short>(pair >> 16)};
  }
  return y;
}

// The same at the end of a tensor: of the chunk `count` elements are there, perhaps more than all.
template <class T, int n, class Index, class Thread>
Chunk<T, n> load_chunk(const Thread& t, const T* p, Index count) {
  if (count >= n) return load_chunk<T, n>(t, p);
  Chunk<T, n> x = {};
  for (int i = 0; i < n; ++i)
    if (i < static_cast<int>(count)) x.at[i] = p[i];
  return x;
}
template <class T, int n, class Index, class Thread>
void put_chunk(const Thread& t, T* p, const Chunk<T, n>& x, Index count) {
  if (count >= n) return put_chunk(t, p, x);
  for (int i = 0; i < n; ++i)
    if (i < static_cast<int>(count)) p[i] = x.at[i];
}

// Random numbers of the elements 16 apart, from one of a multiple of 64 to 16 further on: what one call of the
// generator gives.
template <int n, class Index>
void random_chunks(unsigned long long key, unsigned long long step, Index first, float (&x)[4][n]) {
  for (int j = 0; j < n; ++j) {
    const Index i = first + j;
    const RandomWords words = random_words(key, step, i / 64 * 16 + i % 16);
    for (int k = 0; k < 4; ++k) x[k][j] = static_cast<float>(words.at[k] >> 8) * 0x1p-24f;
  }
}

// x, `sums` sums and then maxima, over each `lanes` neighbouring threads, or over the block where that is 0. Every
// thread gets the results. Uses 32 floats of shared memory for each.
template <int lanes, int sums, int maxima, class Thread>
void reduce_team(const Thread& t, float (&x)[sums + maxima]) {
  constexpr int in_warp = lanes == 0 ? 32 : lanes;
  for (int i = 0; i < sums; ++i) x[i] = warp_sum<in_warp>(t, x[i]);
  for (int i = sums; i < sums + maxima; ++i) x[i] = warp_max<in_warp>(t, x[i]);
  if constexpr (lanes == 0) {
    auto parts = t.template shared<float>();
    t.sync();  // whoever still reads the last results
    if (t.lane() == 0)
      for (int i = 0; i < sums + maxima; ++i) parts[i * 32 + t.warp()] = x[i];
    t.sync();
    const bool is_warp = t.lane() < t.count() / 32;
    for (int i = 0; i < sums; ++i) x[i] = warp_sum(t, is_warp ? static_cast<float>(parts[i * 32 + t.lane()]) : 0.0f);
    for (int i = sums; i < sums + maxima; ++i)
      x[i] = warp_max(t, is_warp ? static_cast<float>(parts[i * 32 + t.lane()]) : float_of(0xff800000u));
  }
}

// Mean, and sum of the squared distances to it, of n numbers that come one after another (Welford 1962, "Note on a
// method for calculating corrected sums of squares and products"). `share` is 1 / n, with the new one.
inline void add_moment(float x, float share, float& mean, float& squares) {
  const float d = x - mean;
  mean = fmaf(d, share, mean);
  squares = fmaf(d, x - mean, squares);
}
// Those of two sets, of n and m numbers (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for
// computing sample variances"). `share` is m / (n + m), or 0 where both are 0.
inline void merge_moments(float& mean, float& squares, float n, float other_mean, float other_squares, float share) {
  const float d = other_mean - mean;
  mean = fmaf(d, share, mean);
  squares = fmaf(d * d, n * share, squares + other_squares);
}
inline float share_of(float n, float m) { return m > 0.0f ? m / (n + m) : 0.0f; }

// Each thread's own chunks, every `step` columns one, of a row of `columns`.
template <int chunks, int unit, class Index, class Thread>
void put_own(const Thread& t, const float (&x)[chunks][unit], float* to, Index first, Index step, Index columns) {
  for (int k = 0; k < chunks; ++k) {
    const Index c = first + static_cast<Index>(k) * step;
    if (c >= columns) continue;
    Chunk<float, unit> y;
    for (int j = 0; j < unit; ++j) y.at[j] = x[k][j];
    put_chunk(t, to + c, y);
  }
}

template <int chunks, int unit, class Thread>
void share_chunks(const Thread& t, const float (&x)[chunks][unit], int first, int step) {
  constexpr int together = unit < 4 ? unit : 4;
  auto parts = t.template shared<float>();
  for (int k = 0; k < chunks; ++k) {
    for (int j = 0; j < unit; j += together) {
      Vector<float, together> part;
      for (int i = 0; i < together; ++i) part.at[i] = x[k][j + i];
      t.put_vector(parts + (first + k * step + j), part);
    }
  }
}

// What a block's teams of at most a warp have summed, each `chunks` times `lanes` chunks of columns: added in order,
// `columns` of them to `to`. Shared memory: as many floats as the teams of a lane per warp have columns.
template <int lanes, int chunks, int unit, class Thread>
void put_sums(const Thread& t, float (&x)[chunks][unit], float* to, int columns) {
  constexpr int width = lanes * chunks * unit;
  for (int mask = lanes; mask < 32; mask *= 2)
    for (int k = 0; k < chunks; ++k)
      for (int j = 0; j < unit; ++j) x[k][j] += t.shuffle_xor(x[k][j], mask);
  auto parts = t.template shared<float>();
  t.sync();
  if (t.lane() < lanes) share_chunks(t, x, t.warp() * width + t.lane() * unit, lanes * unit);
  t.sync();
  for (int c = t.index(); c < columns; c += t.count()) {
    float sum = parts[c];
    for (int warp = 1; warp < t.count() / 32; ++warp) sum += parts[warp * width + c];
    to[c] = sum;
  }
}

// The same of means and squared distances of n rows a team; the latter are divided by `divisor`. Shared memory: twice
// as much, and a float for each warp.
template <int lanes, int chunks, int unit, class Thread>
void put_moments(const Thread& t, float n, float (&mean)[chunks][unit], float (&squares)[chunks][unit], float* mean_to,
                 float* squares_to, int columns, float divisor) {
  constexpr int width = lanes * chunks * unit;
  for (int mask = lanes; mask < 32; mask *= 2) {
    const float m = t.shuffle_xor(n, mask), share = share_of(n, m);
    for (int k = 0; k < chunks; ++k) {
      for (int j = 0; j < unit; ++j) {
        const float other_mean = t.shuffle_xor(mean[k][j], mask), other_squares = t.shuffle_xor(squares[k][j], mask);
        merge_moments(mean[k][j], squares[k][j], n, other_mean, other_squares, share);
      }
    }
    n += m;
  }
  const int warps = t.count() / 32;
  auto parts = t.template shared<float>();
  t.sync();
  if (t.lane() < lanes) {
    share_chunks(t, mean, t.warp() * width + t.lane() * unit, lanes * unit);
    share_chunks(t, squares, (warps + t.warp()) * width + t.lane() * unit, lanes * unit);
  }
  if (t.lane() == 0) parts[2 * warps * width + t.warp()] = n;
  t.sync();
  for (int c = t.index(); c < columns; c += t.count()) {
    float count = parts[2 * warps * width], a = parts[c], b = parts[warps * width + c];
    for (int warp = 1; warp < warps; ++warp) {
      const float m = parts[2 * warps * width + warp];
      merge_moments(a, b, count, parts[warp * width + c], parts[(warps + warp) * width + c], share_of(count, m));
      count += m;
    }
    mean_to[c] = a;
    squares_to[c] = b / divisor;
  }
}

// What pieces of rows have given, one group of rows after another: [groups, pieces, cols].
struct LoopMerge {
  const float* sums;     // or means
  const float* squares;  // of distances from the means, or null
  float* to;             // [groups, cols]
  float* variance;
  long long columns;  // groups * cols
  long long cols;
  long long group, piece;  // rows of each; of the last piece what remains
  int pieces;
  int width;  // columns that a block takes, a power of two of at most 32
};
struct LoopMerges {
  LoopMerge at[32];
};

// Block x merges columns [x width, …), block y what `at[y]` says. Of 256 threads each `width` neighbouring ones take
// every (256 / width)th piece in order; their results are merged in pairs.
template <class Thread>
void merge_pieces(const Thread& t, const LoopMerges& all) {
  const LoopMerge& m = all.at[t.block_y()];
  const long long first = static_cast<long long>(t.block()) * m.width;
  if (first >= m.columns) return;
  const int slices = t.count() / m.width, slice = t.index() / m.width;
  const long long column = first + t.index() % m.width;
  const long long from = column / m.cols * m.pieces * m.cols + column % m.cols;
  float n = 0, mean = 0, squares = 0;
  const int pieces = column < m.columns ? m.pieces : 0;
  if (m.squares == nullptr) {
    for (int piece = slice; piece < pieces; piece += slices) mean += m.sums[from + piece * m.cols];
  } else {
    for (int piece = slice; piece < pieces; piece += slices) {
      const long long left = m.group - piece * m.piece;
      const float rows = static_cast<float>(left < m.piece ? left : m.piece);
      const long long at = from + piece * m.cols;
      merge_moments(mean, squares, n, m.sums[at], m.squares[at], share_of(n, rows));
      n += rows;
    }
  }
  auto shared = t.template shared<float>();
  shared[t.index()] = mean;
  shared[t.count() + t.index()] = squares;
  shared[2 * t.count() + t.index()] = n;
  for (int half = slices / 2; half > 0; half /= 2) {
    t.sync();
    const int other = t.index() + half * m.width;
    if (slice < half) {
      if (m.squares == nullptr) {
        mean += shared[other];
      } else {
        const float rows = shared[2 * t.count() + other];
        merge_moments(mean, squares, n, shared[other], shared[t.count() + other], share_of(n, rows));
        n += rows;
      }
      shared[t.index()] = mean;
      shared[t.count() + t.index()] = squares;
      shared[2 * t.count() + t.index()] = n;
    }
  }
  if (slice != 0 || column >= m.columns) return;
  m.to[column] = mean;
  if (m.squares != nullptr) m.variance[column] = squares / static_cast<float>(m.group);
}

}  // namespace dl::cuda
