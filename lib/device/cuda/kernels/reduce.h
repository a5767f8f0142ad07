// Sums, maxima and moments over any axes. What is folded is cut into pieces by its shape alone; a thread folds its part
// in order, threads and pieces are merged in a fixed order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct Reduction {
  static constexpr int most = 32;
  static constexpr int threads = 256;
  struct Axes {  // of the operand, innermost first
    struct Axis {
      IndexDivisor size;
      long long step;  // elements
    };
    int rank;
    Axis axis[most];
  };
  const void* x;
  float *y, *variance;
  float* partial;  // [words, pieces, results] where there are several pieces
  Axes kept, folded;
  long long results;  // all kept elements
  // By rows, where the innermost axis is folded: vectors of a result, of which a thread takes every `lanes`-th. By
  // columns, where it is kept: elements of a result, of which a thread takes every (threads / lanes)-th, of a vector of
  // columns.
  long long length;
  long long piece_length;  // of a piece
  IndexDivisor pieces;
  long long inner;      // by columns: elements of the innermost axis, which `kept` leaves out
  IndexDivisor chunks;  // by columns: blocks that cover it, `lanes` vectors each
  int lanes;            // a power of two
  int wide;             // whether a vector is of row_vector<T> or column_vector elements, aligned, or of one
};

template <int n>
struct Count {};

// Elements that a thread loads at once.
template <class T>
constexpr int row_vector = sizeof(T) == 1 ? 8 : 16 / sizeof(T);
constexpr int column_vector = 4;

// In any order of halves: the nearest that f32 has, near enough.
template <int n>
float sum_of(const float (&x)[n]) {
  if constexpr (n == 1) {
    return x[0];
  } else {
    float half[n / 2];
    for (int i = 0; i < n / 2; ++i) half[i] = x[i] + x[i + n / 2];
    return sum_of(half);
  }
}

// A fold: words of state, the state of nothing, n more elements (a power of two), the state of what follows, results.
struct FoldSum {
  static constexpr int words = 2;  // the sum, and what its roundings lost
  static void clear(float (&s)[words]) { s[0] = s[1] = 0; }
  template <int n>
  static void add(float (&s)[words], const float (&x)[n]) {
    const float more[words] = {sum_of(x), 0};
    merge(s, more);
  }
  static void merge(float (&a)[words], const float (&b)[words]) {
    const float sum = a[0] + b[0], of_b = sum - a[0];
    a[1] += b[1] + ((a[0] - (sum - of_b)) + (b[0] - of_b));
    a[0] = sum;
  }
  static void put(const Reduction& p, long long at, const float (&s)[words]) {
    const bool finite = (bits_of(s[0]) & 0x7f800000u) != 0x7f800000u;
    p.y[at] = finite ? s[0] + s[1] : s[0];
  }
};

struct FoldMax {
  static constexpr int words = 1;
  static void clear(float (&s)[words]) { s[0] = float_of(0xff800000u); }
  template <int n>
  static void add(float (&s)[words], const float (&x)[n]) {
    for (float element : x) s[0] = larger(s[0], element);
  }
  static void merge(float (&a)[words], const float (&b)[words]) { a[0] = larger(a[0], b[0]); }
  static void put(const Reduction& p, long long at, const float (&s)[words]) { p.y[at] = s[0]; }
};

// Chan, Golub, LeVeque 1983: how many, their mean, the sum of the squares of their distances to it.
struct FoldMoments {
  static constexpr int words = 3;
  static void clear(float (&s)[words]) { s[0] = s[1] = s[2] = 0; }
  template <int n>
  static void add(float (&s)[words], const float (&x)[n]) {
    const float mean = sum_of(x) * (1.0f / n);
    float squares[n];
    for (int i = 0; i < n; ++i) squares[i] = (x[i] - mean) * (x[i] - mean);
    const float more[words] = {n, mean, sum_of(squares)};
    merge(s, more);
  }
  static void merge(float (&a)[words], const float (&b)[words]) {
    if (b[0] == 0) return;
    const float count = a[0] + b[0], share = b[0] / count, distance = b[1] - a[1];
    a[1] = a[0] == 0 ? b[1] : a[1] + distance * share;
    a[2] = a[0] == 0 ? b[2] : a[2] + b[2] + distance * distance * a[0] * share;
    a[0] = count;
  }
  static void put(const Reduction& p, long long at, const float (&s)[words]) {
    p.variance[at] = s[2] / s[0];
    p.y[at] = s[0] > 0 ? s[1] : p.variance[at];  // of nothing: NaN
  }
};

// Where the elements first, first + step, … of the axes lie.
template <int n, class Axes>
void find_offsets(const Axes& axes, long long first, long long step, long long (&at)[n]) {
  long long rest[n];
  for (int k = 0; k < n; ++k) {
    rest[k] = first + k * step;
    at[k] = 0;
  }
  for (int d = 0; d < axes.rank; ++d) {
    const auto axis = axes.axis[d];
    for (int k = 0; k < n; ++k) {
      const long long next = quotient(rest[k], axis.size);
      at[k] += (rest[k] - next * axis.size.by) * axis.step;
      rest[k] = next;
    }
  }
}

template <class Axes>
long long offset_of(const Axes& axes, long long index) {
  long long at[1];
  find_offsets(axes, index, 0, at);
  return at[0];
}

template <class Fold>
void put_folded(const Reduction& p, long long result, long long piece, const float (&s)[Fold::words]) {
  if (p.pieces.by == 1) return Fold::put(p, result, s);
  for (int w = 0; w < Fold::words; ++w) p.partial[(w * p.pieces.by + piece) * p.results + result] = s[w];
}

// Over each `lanes` neighbouring threads, a power of two; the first gets the result. Uses `words` floats of shared
// memory a warp.
template <class Fold, class Thread>
void merge_lanes(const Thread& t, float (&s)[Fold::words], int lanes) {
  for (int apart = 1; apart < lanes && apart < 32; apart *= 2) {
    float next[Fold::words];
    for (int w = 0; w < Fold::words; ++w) next[w] = t.shuffle_xor(s[w], apart);
    if ((t.lane() & apart) == 0) Fold::merge(s, next);
  }
  if (lanes <= 32) return;
  auto parts = t.template shared<float>();
  if (t.lane() == 0)
    for (int w = 0; w < Fold::words; ++w) parts[t.warp() * Fold::words + w] = s[w];
  t.sync();
  if ((t.index() & (lanes - 1)) == 0) {
    for (int warp = t.warp() + 1; warp < t.warp() + lanes / 32; ++warp) {
      float next[Fold::words];
      for (int w = 0; w < Fold::words; ++w) next[w] = parts[warp * Fold::words + w];
      Fold::merge(s, next);
    }
  }
  t.sync();
}

template <class Fold, class T, int n, class Thread>
void reduce_rows_by(const Thread& t, const Reduction& p) {
  constexpr int ahead = n > 4 ? 2 : 4;  // vectors loaded at once
  const T* const x = static_cast<const T*>(p.x);
  const int lane = t.index() & (p.lanes - 1), teams = Reduction::threads / p.lanes;
  const long long works = p.results * p.pieces.by;
  for (long long first = static_cast<long long>(t.block()) * teams; first < works;
       first += static_cast<long long>(t.blocks()) * teams) {
    const long long wanted = first + t.index() / p.lanes, work = wanted < works ? wanted : works - 1;
    const long long result = quotient(work, p.pieces), piece = work - result * p.pieces.by;
    const long long base = offset_of(p.kept, result), begin = piece * p.piece_length;
    const long long end = begin + p.piece_length < p.length ? begin + p.piece_length : p.length;
    float s[Fold::words];
    Fold::clear(s);
    // Elements of `count` vectors from the i-th on.
    const auto add = [&]<int count>(long long i, Count<count>) {
      long long at[count];
      if (p.folded.rank == 0) {
        for (int k = 0; k < count; ++k) at[k] = (i + k * p.lanes) * n;
      } else {
        find_offsets(p.folded, i, p.lanes, at);
      }
      Vector<T, n> v[count];
      for (int k = 0; k < count; ++k) v[k] = t.template vector<Vector<T, n>>(x + base + at[k]);
      float numbers[count * n];
      for (int k = 0; k < count * n; ++k) numbers[k] = to_float(v[k / n].at[k % n]);
      Fold::add(s, numbers);
    };
    long long i = begin + lane;
    for (; i + (ahead - 1) * p.lanes < end; i += ahead * p.lanes) add(i, Count<ahead>());
    for (; i < end; i += p.lanes) add(i, Count<1>());
    merge_lanes<Fold>(t, s, p.lanes);
    if (lane == 0 && wanted < works) put_folded<Fold>(p, result, piece, s);
  }
}

template <class Fold, class T, class Thread>
void reduce_rows(const Thread& t, const Reduction& p) {
  if (p.wide) return reduce_rows_by<Fold, T, row_vector<T>>(t, p);
  reduce_rows_by<Fold, T, 1>(t, p);
}

// Over the threads of a block with the same lane; those of the first `lanes` get the results of theirs. Uses
// words * n floats of shared memory a thread.
template <class Fold, int n, class Thread>
void merge_groups(const Thread& t, float (&s)[n][Fold::words], int lanes) {
  auto parts = t.template shared<float>();
  const int group = t.index() / lanes;
  for (int half = Reduction::threads / lanes / 2; half > 0; half /= 2) {
    if (group >= half && group < 2 * half)
      for (int i = 0; i < n; ++i)
        for (int w = 0; w < Fold::words; ++w) parts[(i * Fold::words + w) * Reduction::threads + t.index()] = s[i][w];
    t.sync();
    if (group < half) {
      for (int i = 0; i < n; ++i) {
        float next[Fold::words];
        for (int w = 0; w < Fold::words; ++w)
          next[w] = parts[(i * Fold::words + w) * Reduction::threads + t.index() + half * lanes];
        Fold::merge(s[i], next);
      }
    }
  }
  t.sync();
}

template <class Fold, class T, int n, class Thread>
void reduce_columns_by(const Thread& t, const Reduction& p) {
  constexpr int ahead = 4;
  const T* const x = static_cast<const T*>(p.x);
  const int lane = t.index() & (p.lanes - 1), group = t.index() / p.lanes, groups = Reduction::threads / p.lanes;
  const long long outer = p.inner > 0 ? p.results / p.inner : 0, works = outer * p.chunks.by * p.pieces.by;
  for (long long work = t.block(); work < works; work += t.blocks()) {
    const long long rest = quotient(work, p.pieces), piece = work - rest * p.pieces.by;
    const long long row = quotient(rest, p.chunks), chunk = rest - row * p.chunks.by;
    const long long column = (chunk * p.lanes + lane) * n, base = offset_of(p.kept, row) + column;
    const long long begin = piece * p.piece_length;
    const long long end = begin + p.piece_length < p.length ? begin + p.piece_length : p.length;
    float s[n][Fold::words];
    for (int k = 0; k < n; ++k) Fold::clear(s[k]);
    const auto add = [&]<int count>(long long j, Count<count>) {
      long long at[count];
      find_offsets(p.folded, j, groups, at);
      Vector<T, n> v[count];
      for (int a = 0; a < count; ++a) v[a] = t.template vector<Vector<T, n>>(x + base + at[a]);
      for (int k = 0; k < n; ++k) {
        float numbers[count];
        for (int a = 0; a < count; ++a) numbers[a] = to_float(v[a].at[k]);
        Fold::add(s[k], numbers);
      }
    };
    if (column < p.inner) {
      long long j = begin + group;
      for (; j + (ahead - 1) * groups < end; j += ahead * groups) add(j, Count<ahead>());
      for (; j < end; j += groups) add(j, Count<1>());
    }
    merge_groups<Fold, n>(t, s, p.lanes);
    if (group == 0 && column < p.inner)
      for (int k = 0; k < n; ++k) put_folded<Fold>(p, row * p.inner + column + k, piece, s[k]);
  }
}

template <class Fold, class T, class Thread>
void reduce_columns(const Thread& t, const Reduction& p) {
  if (p.wide) return reduce_columns_by<Fold, T, column_vector>(t, p);
  reduce_columns_by<Fold, T, 1>(t, p);
}

// What the pieces of a reduction gave, merged in their order.
struct MergePieces {
  Reduction of;
  long long chunks;  // of `lanes` results
  int lanes;
};

template <class Fold, class Thread>
void merge_pieces(const Thread& t, const MergePieces& p) {
  constexpr int ahead = 4;
  const int lane = t.index() & (p.lanes - 1), group = t.index() / p.lanes, groups = Reduction::threads / p.lanes;
  const long long pieces = p.of.pieces.by, results = p.of.results;
  for (long long chunk = t.block(); chunk < p.chunks; chunk += t.blocks()) {
    const long long result = chunk * p.lanes + lane;
    float s[1][Fold::words];
    Fold::clear(s[0]);
    for (long long first = group; result < results && first < pieces; first += ahead * groups) {
      float next[ahead][Fold::words];
      for (int a = 0; a < ahead; ++a) {
        const long long piece = first + a * groups;
        Fold::clear(next[a]);
        if (piece >= pieces) continue;
        for (int w = 0; w < Fold::words; ++w) next[a][w] = p.of.partial[(w * pieces + piece) * results + result];
      }
      for (int a = 0; a < ahead; ++a) Fold::merge(s[0], next[a]);
    }
    merge_groups<Fold, 1>(t, s, p.lanes);
    if (group == 0 && result < results) Fold::put(p.of, result, s[0]);
  }
}

}  // namespace dl::cuda
