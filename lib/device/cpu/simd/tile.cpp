// The register tile for every height and width, as one template; the compiler keeps the sums in registers because every
// loop over them is unrolled.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {
namespace {

#define DL_UNROLL _Pragma("GCC unroll 32")

// C's last vector may have fewer columns. AVX-512 masks at no cost; elsewhere full vectors are worth a copy of the
// code.
constexpr bool masks_are_free = lanes == 16;

template <int Rows, int Vectors, bool full>
DL_INLINE void add_sums(vf (&sum)[Rows][Vectors], const float* c, int64_t c_row, int last) {
  DL_UNROLL for (int r = 0; r < Rows; ++r) {
    DL_UNROLL for (int v = 0; v + 1 < Vectors; ++v) sum[r][v] += load(c + r * c_row + v * lanes);
    const float* end = c + r * c_row + (Vectors - 1) * lanes;
    sum[r][Vectors - 1] += full ? load(end) : load_first(end, last);
  }
}

template <int Rows, int Vectors, bool full>
DL_INLINE void store_sums(const vf (&sum)[Rows][Vectors], float* c, int64_t c_row, int last) {
  DL_UNROLL for (int r = 0; r < Rows; ++r) {
    DL_UNROLL for (int v = 0; v + 1 < Vectors; ++v) store(c + r * c_row + v * lanes, sum[r][v]);
    float* end = c + r * c_row + (Vectors - 1) * lanes;
    if (full) {
      store(end, sum[r][Vectors - 1]);
    } else {
      store_first(end, sum[r][Vectors - 1], last);
    }
  }
}

template <int Vectors, Along along>
DL_INLINE void load_columns(vf (&column)[Vectors], const float* b, int last) {
  DL_UNROLL for (int v = 0; v + 1 < Vectors; ++v) column[v] = load(b + v * lanes);
  const float* end = b + (Vectors - 1) * lanes;
  column[Vectors - 1] = along == Along::row_masked ? load_first(end, last) : load(end);
}

// The next `depth` steps of a tile's sums.
template <int Rows, int Vectors, Along along>
DL_INLINE void add_products(vf (&sum)[Rows][Vectors], const float* a, const float* b, const Tile& t, int64_t depth,
                            int last) {
  // Three rows share a pointer: base, base + stride, base + 2 stride are addressing modes of the processor.
  constexpr int pointers = along == Along::depth ? (Rows + 2) / 3 : 1;
  const int64_t a_row = t.a_row, a_depth = t.a_depth, b_depth = t.b_depth;
  const float* row[pointers];
  DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] = a + 3 * p * a_row;
#pragma GCC unroll 1
  for (int64_t d = 0; d < depth; ++d) {
    vf column[Vectors];
    load_columns<Vectors, along>(column, b, last);
    b += b_depth;
    DL_UNROLL for (int r = 0; r < Rows; ++r) {
      const vf x = splat(along == Along::depth ? row[r / 3 % pointers][(r % 3) * a_row] : row[0][r]);
      DL_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] += x * column[v];
    }
    DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] += along == Along::depth ? 1 : a_depth;
  }
}

// C is wanted at the end; where that is this many products away, it is fetched beforehand: where the depth is long a
// row every few steps, as the processor has room for some ten lines under way, those of A and B among them.
constexpr int64_t worth_fetching = 16;
constexpr int64_t steps_between = 12, long_depth = 256;

template <int Vectors>
DL_INLINE void fetch_row(const float* c) {
  DL_UNROLL for (int v = 0; v < Vectors; ++v) __builtin_prefetch(c + v * lanes, 1);
}

template <int Rows, int Vectors, Along along>
void tile(const Tile& t) {
  constexpr int64_t spread_over = Rows * steps_between > long_depth ? Rows * steps_between : long_depth;
  vf sum[Rows][Vectors] = {};
  const int last = t.last;
  const bool full = !masks_are_free && last == lanes;
  const auto add_c = [&]() __attribute__((always_inline)) {
    if (full) {
      add_sums<Rows, Vectors, true>(sum, t.c, t.c_row, last);
    } else {
      add_sums<Rows, Vectors, false>(sum, t.c, t.c_row, last);
    }
  };
  if (t.continues) add_c();
  const float* a_outer = t.a;
  const float* b_outer = t.b;
  int64_t first = 0;  // of the inner loops, whose depth is not summed up yet
  if (t.depth >= spread_over && t.outer > 0 && t.inner > 0) {
    int64_t done = 0;
    const int64_t a_depth = along == Along::depth ? 1 : t.a_depth;
#pragma GCC unroll 1
    for (int r = 0; r < Rows; ++r, done += steps_between) {
      fetch_row<Vectors>(t.c + r * t.c_row);
      add_products<Rows, Vectors, along>(sum, t.a + done * a_depth, t.b + done * t.b_depth, t, steps_between, last);
    }
    add_products<Rows, Vectors, along>(sum, t.a + done * a_depth, t.b + done * t.b_depth, t, t.depth - done, last);
    first = 1;
  } else if (!t.continues && t.outer * t.inner * t.depth >= worth_fetching) {
    DL_UNROLL for (int r = 0; r < Rows; ++r) fetch_row<Vectors>(t.c + r * t.c_row);
  }
  for (int64_t o = 0; o < t.outer; ++o, a_outer += t.a_outer, b_outer += t.b_outer) {
    const float* a = a_outer + first * t.a_inner;
    const float* b = b_outer + first * t.b_inner;
    for (int64_t i = first; i < t.inner; ++i, a += t.a_inner, b += t.b_inner) {
      add_products<Rows, Vectors, along>(sum, a, b, t, t.depth, last);
    }
    first = 0;
  }
  if (t.accumulate) add_c();
  if (full) {
    store_sums<Rows, Vectors, true>(sum, t.c, t.c_row, last);
  } else {
    store_sums<Rows, Vectors, false>(sum, t.c, t.c_row, last);
  }
}

// What is fetched between pieces of the depth: some rows of C and some lines with each. It lies in memory, as the
// registers are the products'.
struct Fetches {
  const float* c;
  int64_t c_row, c_rows, rows;  // those that are left; with a piece
  const void* const* line;
  const void* const* end;
  int64_t lines;  // with a piece
};

template <int Vectors>
DL_INLINE void fetch_part(Fetches& next) {
  asm volatile("" : "+m"(next));
  for (int64_t left = next.rows; left > 0 && next.c_rows > 0; --left, --next.c_rows, next.c += next.c_row)
    fetch_row<Vectors>(next.c);
  for (int64_t left = next.lines; left > 0 && next.line != next.end; --left) __builtin_prefetch(*next.line++, 0, 2);
  asm volatile("" : "+m"(next));
}

// Beside the multiply-adds there is room for packing what is read, which takes a twentieth of a product's time where it
// is done beforehand. Packed factors have no strides that take registers.
template <int Rows, int Vectors, bool packs_a, bool packs_b>
void packed_tile(const Tile& t, const PackedFactors& factors, const Lines& ahead) {
  constexpr int width = Vectors * lanes;
  constexpr int64_t steps_ahead = 8;
  vf sum[Rows][Vectors] = {};
  const int64_t a_depth = packs_a ? t.a_depth : Rows, b_depth = packs_b ? t.b_depth : width;
  const int last = t.last;
  const float *a = t.a, *b = t.b;
  float *left = factors.left, *right = factors.right;
  const auto add = [&](int64_t steps) __attribute__((always_inline)) {
#pragma GCC unroll 1
    for (; steps > 0; --steps) {
      vf column[Vectors];
      load_columns<Vectors, packs_b ? Along::row_masked : Along::row>(column, b, last);
      if (packs_b) {
        __builtin_prefetch(b + steps_ahead * b_depth);
        DL_UNROLL for (int v = 0; v < Vectors; ++v) store(right + v * lanes, column[v]);
        right += width;
      }
      if (packs_a) {
        const float* const next = a + steps_ahead * a_depth;
        __builtin_prefetch(next);
        __builtin_prefetch(next + Rows - 1);
        // What is too much of a vector is written over at the next step.
        if (Rows <= lanes) store(left, load_first(a, Rows));
      }
      DL_UNROLL for (int r = 0; r < Rows; ++r) {
        if (packs_a && Rows > lanes) left[r] = a[r];
        const vf x = splat(a[r]);
        DL_UNROLL for (int v = 0; v < Vectors; ++v) sum[r][v] += x * column[v];
      }
      if (packs_a) left += Rows;
      a += a_depth;
      b += b_depth;
    }
  };
  const int64_t pieces = t.depth / steps_between + 1;
  Fetches next{t.c,
               t.c_row,
               Rows,
               (Rows + pieces - 1) / pieces,
               ahead.at,
               ahead.at + ahead.count,
               (ahead.count + pieces - 1) / pieces};
#pragma GCC unroll 1
  for (int64_t done = 0; done < t.depth; done += steps_between) {
    fetch_part<Vectors>(next);
    add(t.depth - done < steps_between ? t.depth - done : steps_between);
  }
  if (t.accumulate) add_sums<Rows, Vectors, false>(sum, t.c, t.c_row, last);
  store_sums<Rows, Vectors, false>(sum, t.c, t.c_row, last);
}

using PackedTileFunction = void (*)(const Tile&, const PackedFactors&, const Lines&);

template <bool packs_a, bool packs_b, int Rows = most_rows(2)>
PackedTileFunction packed_tile_of(int rows, int vectors) {
  if constexpr (Rows > 1)
    if (rows < Rows) return packed_tile_of<packs_a, packs_b, Rows - 1>(rows, vectors);
  return vectors == 1 ? packed_tile<Rows, 1, packs_a, packs_b> : packed_tile<Rows, 2, packs_a, packs_b>;
}

using TileFunction = void (*)(const Tile&);

// The tiles of one width, by height: entry 0 is one row.
template <Along along, int Vectors>
struct Heights {
  TileFunction by_rows[most_rows(Vectors)] = {};
};

template <Along along, int Vectors, int Rows = most_rows(Vectors)>
constexpr void fill(Heights<along, Vectors>& heights) {
  heights.by_rows[Rows - 1] = &tile<Rows, Vectors, along>;
  if constexpr (Rows > 1) fill<along, Vectors, Rows - 1>(heights);
}

template <Along along, int Vectors>
constexpr Heights<along, Vectors> all_heights() {
  Heights<along, Vectors> heights;
  fill<along, Vectors>(heights);
  return heights;
}

template <Along along>
void run(const Tile& t, int rows, int vectors) {
  static constexpr Heights<along, 1> one = all_heights<along, 1>();
  static constexpr Heights<along, 2> two = all_heights<along, 2>();
  static constexpr Heights<along, 3> three = all_heights<along, 3>();
  static constexpr Heights<along, 4> four = all_heights<along, 4>();
  switch (vectors) {
    case 1: return one.by_rows[rows - 1](t);
    case 2: return two.by_rows[rows - 1](t);
    case 3: return three.by_rows[rows - 1](t);
    default: return four.by_rows[rows - 1](t);
  }
}

// One vector of columns, each by itself.
template <int Rows, bool full>
void each_tile(const Tile& t, bool b_masked) {
  constexpr int pointers = (Rows + 2) / 3;  // as of add_products()
  vf sum[Rows] = {};
  const int last = t.last;
  const int64_t a_row = t.a_row, a_depth = t.a_depth, b_depth = t.b_depth, depth = t.depth;
  for (int64_t o = 0; o < t.outer; ++o) {
    for (int64_t i = 0; i < t.inner; ++i) {
      const float* b = t.b + o * t.b_outer + i * t.b_inner;
      const float* row[pointers];
      DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] = t.a + o * t.a_outer + i * t.a_inner + 3 * p * a_row;
#pragma GCC unroll 1
      for (int64_t d = 0; d < depth; ++d, b += b_depth) {
        const vf y = full || !b_masked ? load(b) : load_first(b, last);
        DL_UNROLL for (int r = 0; r < Rows; ++r) {
          const float* x = row[r / 3] + (r % 3) * a_row;
          sum[r] += (full ? load(x) : load_first(x, last)) * y;
        }
        DL_UNROLL for (int p = 0; p < pointers; ++p) row[p] += a_depth;
      }
    }
  }
  DL_UNROLL for (int r = 0; r < Rows; ++r) {
    float* c = t.c + r * t.c_row;
    if (full) {
      store(c, t.accumulate ? sum[r] + load(c) : sum[r]);
    } else {
      store_first(c, t.accumulate ? sum[r] + load_first(c, last) : sum[r], last);
    }
  }
}

template <bool full>
void each_row(Tile t, bool b_masked, int64_t rows) {
  constexpr int most = 8;
  constexpr decltype(&each_tile<1, full>) by_rows[most] = {each_tile<1, full>, each_tile<2, full>, each_tile<3, full>,
                                                           each_tile<4, full>, each_tile<5, full>, each_tile<6, full>,
                                                           each_tile<7, full>, each_tile<8, full>};
  for (int64_t r = 0, height = 0; r < rows; r += height) {
    height = rows - r <= most ? rows - r : rows - r < 2 * most ? (rows - r + 1) / 2 : most;
    by_rows[height - 1](t, b_masked);
    t.a += height * t.a_row;
    t.c += height * t.c_row;
  }
}

}  // namespace

void run_tile(const Tile& t, Along along, int rows, int vectors) {
  switch (along) {
    case Along::depth: return run<Along::depth>(t, rows, vectors);
    case Along::row: return run<Along::row>(t, rows, vectors);
    case Along::row_masked: return run<Along::row_masked>(t, rows, vectors);
  }
}

void run_packed_tile(const Tile& t, const PackedFactors& factors, const Lines& ahead, int rows, int vectors) {
  const bool packs_a = factors.from_a != PackedFactors::packed, packs_b = factors.from_b != PackedFactors::packed;
  const auto tile_of = packs_a ? (packs_b ? packed_tile_of<true, true> : packed_tile_of<true, false>)
                               : (packs_b ? packed_tile_of<false, true> : packed_tile_of<false, false>);
  tile_of(rows, vectors)(t, factors, ahead);
}

void run_strip(const Tile& strip, Along along, int64_t rows, int vectors) {
  for_each_tile(strip, rows, vectors, [=](const Tile& t, int height) { run_tile(t, along, height, vectors); });
}

namespace {

void run_strip_of_each(const Tile& strip, bool b_masked, int64_t rows, int vectors) {
  Tile t = strip;
  if (t.depth == 1) {  // the taps of a row of a window are the innermost loop
    t.depth = t.inner, t.a_depth = t.a_inner, t.b_depth = t.b_inner;
    t.inner = 1;
  }
  for (int v = 0; v + 1 < vectors; ++v, t.a += lanes, t.b += lanes, t.c += lanes) each_row<true>(t, false, rows);
  t.last == lanes ? each_row<true>(t, false, rows) : each_row<false>(t, b_masked, rows);
}

}  // namespace

const StripKernels strip_kernels = {lanes, next_vectors, run_strip, run_strip_of_each};

}  // namespace dl::DL_ISA
