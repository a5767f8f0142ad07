// Products of matrices, c = a b or c += a b, many at once, either factor stored transposed: bf16 on the tensor cores,
// f32 by multiplications and additions of f32, or rounded to tf32 on the tensor cores. A block makes one tile of c;
// factors come through a ring of tiles in shared memory. Where c has too few tiles for a GPU, the depth is cut into
// pieces, whose products lie one behind another until add_pieces() adds them in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct Multiply {
  const void *a, *b;  // a [m, k], or transposed [k, m]; b [k, n], or [n, k]
  float* c;           // [m, n]
  int m, n, k;
  int piece;                            // depth of a piece, a multiple of 32; block_y() counts them
  int add;                              // 1: c += a b
  int c_vector;                         // how many elements c's rows and pointer are aligned to: 1, 2 or 4
  long long a_row, b_row, c_row;        // elements from a row, as stored, to the next
  long long a_batch, b_batch, c_batch;  // from a product to the next; block_z() counts them
  long long c_piece;                    // from a piece's product to the next's
};

struct AddPieces {
  const float* parts;  // [pieces][batch][m][n]
  float* c;
  int pieces, add;
  long long batch, m, n, c_row, c_batch;
};

// Which part of which product a block makes.
struct Tile {
  int m, n;         // its first row and column
  int first, last;  // of the depth
};

// Tiles of eight rows of tiles follow each other, so that those at work at a time share their factors in the L2 cache.
template <int tile_m, int tile_n, class Thread>
Tile tile_of(const Thread& t, const Multiply& p) {
  constexpr int high = 8;
  const int rows = (p.m + tile_m - 1) / tile_m, columns = (p.n + tile_n - 1) / tile_n;
  const int first_row = t.block() / (high * columns) * high, at = t.block() % (high * columns);
  const int height = rows - first_row < high ? rows - first_row : high;
  const int first = t.block_y() * p.piece, last = first + p.piece < p.k ? first + p.piece : p.k;
  return {(first_row + at % height) * tile_m, at / height * tile_n, first, last};
}

// load(step, place in the ring) begins copies; compute(place) has them. All threads of the block.
template <int stages, class Thread, class Load, class Compute>
void pipeline(const Thread& t, int steps, Load load, Compute compute) {
  for (int step = 0; step < stages - 1; ++step) {
    if (step < steps) load(step, step);
    t.end_copies();
  }
  int now = 0, next = stages - 1;
  for (int step = 0; step < steps; ++step) {
    t.template wait_copies<stages - 2>();
    t.sync();
    if (step + stages - 1 < steps) load(step + stages - 1, next);
    t.end_copies();
    compute(now);
    now = now + 1 == stages ? 0 : now + 1;
    next = next + 1 == stages ? 0 : next + 1;
  }
  t.template wait_copies<0>();
}

// How many of `most` elements from `at` on lie before `end`, none where the row is beyond.
inline int within(bool row, int at, int end, int most) {
  const int left = end - at;
  return !row || left < 0 ? 0 : left < most ? left : most;
}

// What a warp's multiply_add made, d[i][j] from row m + 16 i and column n + 8 j on.
template <int rows, int columns, class Thread>
void put_fragments(const Thread& t, const Multiply& p, const float (&d)[rows][columns][4], int m, int n) {
  float* c = p.c + t.block_z() * p.c_batch + t.block_y() * p.c_piece;
  DL_UNROLL
  for (int i = 0; i < rows; ++i) {
    DL_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int row = m + i * 16 + t.lane() / 4 + half * 8;
      if (row >= p.m) continue;
      DL_UNROLL
      for (int j = 0; j < columns; ++j) {
        const int column = n + j * 8 + t.lane() % 4 * 2;
        float* to = c + row * p.c_row + column;
        float x = d[i][j][half * 2], y = d[i][j][half * 2 + 1];
        if (p.c_vector > 1 && column + 1 < p.n) {
          if (p.add) {
            const auto old = t.template vector<Vector<float, 2>>(to);
            x += old.at[0], y += old.at[1];
          }
          t.put_vector(to, Vector<float, 2>{{x, y}});
        } else {
          if (column < p.n) to[0] = p.add ? to[0] + x : x;
          if (column + 1 < p.n) to[1] = p.add ? to[1] + y : y;
        }
      }
    }
  }
}

// ---- bf16 ----

// Where in a tile of rows of `columns` 16-bit numbers the 8 from `chunk` * 8 on lie: so that matrices are read, and
// rows written, without conflicts of banks.
template <int columns>
int chunk_at(int row, int chunk) {
  constexpr int chunks = columns / 8;
  static_assert(chunks == 4 || chunks % 8 == 0);
  return row * columns + (chunks == 4 ? chunk ^ (row / 2 % 4) : chunk ^ (row % 8)) * 8;
}

// rows x columns from (row, column) of a matrix on, zeros beyond its ends; `access`: how many elements every row and
// pointer is aligned to: 8, 2 or 1.
template <int rows, int columns, int threads, int access, class Thread, class To>
void load_bf16(const Thread& t, const To& to, const unsigned short* from, long long pitch, int row, int row_end,
               int column, int column_end) {
  constexpr int chunks = columns / 8, high = threads / chunks;  // rows at a time
  static_assert(rows % high == 0 && high % 8 == 0);
  const int first = t.index() / chunks, c = column + t.index() % chunks * 8;
  const int place = chunk_at<columns>(first, t.index() % chunks);
  const unsigned short* p = from + (row + first) * pitch + c;
  DL_UNROLL
  for (int r = 0; r < rows; r += high) {
    const int count = within(row + first + r < row_end, c, column_end, 8);
    const auto there = to + (place + r * columns);
    if constexpr (access == 8) {
      t.copy_16(there, count > 0 ? p : from, count * 2);
    } else if constexpr (access == 2) {
      for (int e = 0; e < 8; e += 2) {
        const int left = count - e;
        t.copy_4(there + e, left > 0 ? p + e : from, left > 1 ? 4 : left == 1 ? 2 : 0);
      }
    } else {
      Vector<unsigned short, 8> v;
      for (int e = 0; e < 8; ++e) v.at[e] = e < count ? p[e] : static_cast<unsigned short>(0);
      t.put_vector(there, v);
    }
    p += high * pitch;
  }
}

template <int tile_m, int tile_n, int warp_m, int warp_n, bool transpose_a, bool transpose_b, int access, class Thread>
void multiply_bf16(const Thread& t, const Multiply& p) {
  constexpr int depth = 32, stages = 4, threads = tile_m / warp_m * (tile_n / warp_n) * 32;
  constexpr int a_columns = transpose_a ? tile_m : depth, b_columns = transpose_b ? depth : tile_n;
  constexpr int a_size = tile_m * depth, stage = (tile_m + tile_n) * depth;
  const Tile tile = tile_of<tile_m, tile_n>(t, p);
  const auto* a = static_cast<const unsigned short*>(p.a) + t.block_z() * p.a_batch;
  const auto* b = static_cast<const unsigned short*>(p.b) + t.block_z() * p.b_batch;
  const int wm = t.warp() / (tile_n / warp_n) * warp_m, wn = t.warp() % (tile_n / warp_n) * warp_n, lane = t.lane();
  float d[warp_m / 16][warp_n / 8][4] = {};
  const auto load = [&](int step, int place) {
    const int k = tile.first + step * depth;
    const auto to = t.template shared<unsigned short>(place * stage);
    if constexpr (transpose_a) {
      load_bf16<depth, tile_m, threads, access>(t, to, a, p.a_row, k, tile.last, tile.m, p.m);
    } else {
      load_bf16<tile_m, depth, threads, access>(t, to, a, p.a_row, tile.m, p.m, k, tile.last);
    }
    if constexpr (transpose_b) {
      load_bf16<tile_n, depth, threads, access>(t, to + a_size, b, p.b_row, tile.n, p.n, k, tile.last);
    } else {
      load_bf16<depth, tile_n, threads, access>(t, to + a_size, b, p.b_row, k, tile.last, tile.n, p.n);
    }
  };
  // Matrices 0 … 3 of a: rows 0 and 8 of depth 0, then of depth 8; of b: depths 0 and 8 of column 0, then of column 8.
  const auto compute = [&](int place) {
    const auto sa = t.template shared<unsigned short>(place * stage), sb = sa + a_size;
    DL_UNROLL
    for (int k = 0; k < depth; k += 16) {
      unsigned fa[warp_m / 16][4], fb[warp_n / 16][4];
      for (int i = 0; i < warp_m / 16; ++i) {
        const int m = wm + i * 16;
        if constexpr (transpose_a) {
          t.template load_matrices<true>(fa[i],
                                         sa + chunk_at<a_columns>(k + lane % 8 + lane / 16 * 8, m / 8 + lane / 8 % 2));
        } else {
          t.template load_matrices<false>(fa[i], sa + chunk_at<a_columns>(m + lane % 16, k / 8 + lane / 16));
        }
      }
      for (int j = 0; j < warp_n / 16; ++j) {
        const int n = wn + j * 16;
        if constexpr (transpose_b) {
          t.template load_matrices<false>(fb[j],
                                          sb + chunk_at<b_columns>(n + lane % 8 + lane / 16 * 8, k / 8 + lane / 8 % 2));
        } else {
          t.template load_matrices<true>(fb[j], sb + chunk_at<b_columns>(k + lane % 16, n / 8 + lane / 16));
        }
      }
      for (int i = 0; i < warp_m / 16; ++i) {
        for (int j = 0; j < warp_n / 8; ++j) {
          const unsigned columns[2] = {fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]};
          t.multiply_add(d[i][j], fa[i], columns);
        }
      }
    }
  };
  pipeline<stages>(t, (tile.last - tile.first + depth - 1) / depth, load, compute);
  put_fragments(t, p, d, tile.m + wm, tile.n + wn);
}

// ---- f32 ----

// A factor's tile in shared memory, [depth][size] with rows of `pitch`, of a matrix stored [depth, size], or
// `transposed` [size, depth]. Zeros beyond the ends. `wide`: rows and pointers are aligned to 16 bytes.
template <int size, int depth, int pitch, int threads, bool transposed, bool wide, class Thread, class To>
void load_f32(const Thread& t, const To& to, const float* from, long long row_pitch, int at, int end, int k,
              int k_end) {
  static_assert(depth == 16);
  if constexpr (!transposed) {
    constexpr int step = wide ? 4 : 1, chunks = size / step, high = threads / chunks;  // rows at a time
    static_assert(depth % high == 0);
    const int first = t.index() / chunks, c = t.index() % chunks * step, count = within(true, at + c, end, step);
    const float* p = from + (k + first) * row_pitch + at + c;
    DL_UNROLL
    for (int r = first; r < first + depth; r += high) {
      const bool there = count > 0 && k + r < k_end;
      if constexpr (wide) {
        t.copy_16(to + (r * pitch + c), there ? p : from, there ? count * 4 : 0);
      } else {
        t.copy_4(to + (r * pitch + c), there ? p : from, there ? 4 : 0);
      }
      p += high * row_pitch;
    }
  } else {
    // A warp takes 8 numbers of 4 rows, which lie in 4 sectors of memory and go to 32 banks.
    constexpr int high = threads / depth;
    static_assert(size % high == 0 && high % 4 == 0);
    const int r = t.index() % 8 + t.index() / 32 % 2 * 8, first = t.index() / 8 % 4 + t.index() / 64 * 4;
    const float* p = from + (at + first) * row_pitch + k + r;
    DL_UNROLL
    for (int c = first; c < first + size; c += high) {
      const bool there = k + r < k_end && at + c < end;
      t.copy_4(to + (r * pitch + c), there ? p : from, there ? 4 : 0);
      p += high * row_pitch;
    }
  }
}

// Both factors' tiles of a step.
template <int tile_m, int tile_n, int depth, int pad, int threads, bool transpose_a, bool transpose_b, bool wide,
          class Thread>
void load_factors(const Thread& t, const Multiply& p, const Tile& tile, int k, int place) {
  constexpr int stage = depth * (tile_m + tile_n + 2 * pad);
  const auto to = t.template shared<float>(place * stage);
  load_f32<tile_m, depth, tile_m + pad, threads, !transpose_a, wide>(
      t, to, static_cast<const float*>(p.a) + t.block_z() * p.a_batch, p.a_row, tile.m, p.m, k, tile.last);
  load_f32<tile_n, depth, tile_n + pad, threads, transpose_b, wide>(
      t, to + depth * (tile_m + pad), static_cast<const float*>(p.b) + t.block_z() * p.b_batch, p.b_row, tile.n, p.n, k,
      tile.last);
}

// A thread makes thread_m x thread_n elements, in blocks of 4 x 4; a warp has 4 x 8 threads.
template <int tile_m, int tile_n, int thread_m, int thread_n, bool transpose_a, bool transpose_b, bool wide,
          class Thread>
void multiply_f32(const Thread& t, const Multiply& p) {
  constexpr int depth = 16, stages = 3, pad = 4, threads = tile_m / thread_m * (tile_n / thread_n);
  constexpr int stage = depth * (tile_m + tile_n + 2 * pad), warps_n = tile_n / (8 * thread_n);
  const Tile tile = tile_of<tile_m, tile_n>(t, p);
  const int m = t.warp() / warps_n * 4 * thread_m + t.lane() / 8 * 4;
  const int n = t.warp() % warps_n * 8 * thread_n + t.lane() % 8 * 4;
  float d[thread_m][thread_n] = {};
  const auto load = [&](int step, int place) {
    load_factors<tile_m, tile_n, depth, pad, threads, transpose_a, transpose_b, wide>(t, p, tile,
                                                                                      tile.first + step * depth, place);
  };
  const auto compute = [&](int place) {
    const auto sa = t.template shared<float>(place * stage), sb = sa + depth * (tile_m + pad);
    DL_UNROLL
    for (int k = 0; k < depth; ++k) {
      Vector<float, 4> a[thread_m / 4], b[thread_n / 4];
      for (int i = 0; i < thread_m / 4; ++i)
        a[i] = t.template vector<Vector<float, 4>>(sa + (k * (tile_m + pad) + m + i * 16));
      for (int j = 0; j < thread_n / 4; ++j)
        b[j] = t.template vector<Vector<float, 4>>(sb + (k * (tile_n + pad) + n + j * 32));
      for (int i = 0; i < thread_m; ++i)
        for (int j = 0; j < thread_n; ++j) d[i][j] += a[i / 4].at[i % 4] * b[j / 4].at[j % 4];
    }
  };
  pipeline<stages>(t, (tile.last - tile.first + depth - 1) / depth, load, compute);
  float* c = p.c + t.block_z() * p.c_batch + t.block_y() * p.c_piece;
  DL_UNROLL
  for (int i = 0; i < thread_m; ++i) {
    const int row = tile.m + m + i / 4 * 16 + i % 4;
    if (row >= p.m) continue;
    DL_UNROLL
    for (int j = 0; j < thread_n; j += 4) {
      const int column = tile.n + n + j / 4 * 32;
      float* to = c + row * p.c_row + column;
      if (p.c_vector == 4 && column + 3 < p.n) {
        Vector<float, 4> x{{d[i][j], d[i][j + 1], d[i][j + 2], d[i][j + 3]}};
        if (p.add) {
          const auto old = t.template vector<Vector<float, 4>>(to);
          for (int e = 0; e < 4; ++e) x.at[e] += old.at[e];
        }
        t.put_vector(to, x);
      } else {
        DL_UNROLL
        for (int e = 0; e < 4; ++e)
          if (column + e < p.n) to[e] = p.add ? to[e] + d[i][j + e] : d[i][j + e];
      }
    }
  }
}

template <int tile_m, int tile_n, int warp_m, int warp_n, bool transpose_a, bool transpose_b, bool wide, class Thread>
void multiply_tf32(const Thread& t, const Multiply& p) {
  constexpr int depth = 16, stages = 3, pad = 8, threads = tile_m / warp_m * (tile_n / warp_n) * 32;
  constexpr int stage = depth * (tile_m + tile_n + 2 * pad), warps_n = tile_n / warp_n;
  const Tile tile = tile_of<tile_m, tile_n>(t, p);
  const int wm = t.warp() / warps_n * warp_m, wn = t.warp() % warps_n * warp_n;
  const int group = t.lane() / 4, in_group = t.lane() % 4;
  float d[warp_m / 16][warp_n / 8][4] = {};
  const auto load = [&](int step, int place) {
    load_factors<tile_m, tile_n, depth, pad, threads, transpose_a, transpose_b, wide>(t, p, tile,
                                                                                      tile.first + step * depth, place);
  };
  const auto compute = [&](int place) {
    const auto sa = t.template shared<float>(place * stage), sb = sa + depth * (tile_m + pad);
    DL_UNROLL
    for (int k = 0; k < depth; k += 8) {
      unsigned fa[warp_m / 16][4], fb[warp_n / 8][2];
      for (int i = 0; i < warp_m / 16; ++i)
        for (int e = 0; e < 4; ++e)
          fa[i][e] = t.tf32(sa[(k + in_group + e / 2 * 4) * (tile_m + pad) + wm + i * 16 + group + e % 2 * 8]);
      for (int j = 0; j < warp_n / 8; ++j)
        for (int e = 0; e < 2; ++e) fb[j][e] = t.tf32(sb[(k + in_group + e * 4) * (tile_n + pad) + wn + j * 8 + group]);
      for (int i = 0; i < warp_m / 16; ++i)
        for (int j = 0; j < warp_n / 8; ++j) t.multiply_add_tf32(d[i][j], fa[i], fb[j]);
    }
  };
  pipeline<stages>(t, (tile.last - tile.first + depth - 1) / depth, load, compute);
  put_fragments(t, p, d, tile.m + wm, tile.n + wn);
}

// c = the sum of the pieces' products in their order, or c += it; `width` columns a thread, 256 threads a block.
template <int width, class Thread>
void add_pieces(const Thread& t, const AddPieces& p) {
  const long long one = p.batch * p.m * p.n;
  const long long i = (static_cast<long long>(t.block()) * t.count() + t.index()) * width;
  if (i >= one) return;
  const long long row = i / p.n, column = i - row * p.n, product = row / p.m;
  float* to = p.c + product * p.c_batch + (row - product * p.m) * p.c_row + column;
  auto sum = t.template vector<Vector<float, width>>(p.parts + i);
  for (int piece = 1; piece < p.pieces; ++piece) {
    const auto x = t.template vector<Vector<float, width>>(p.parts + piece * one + i);
    for (int e = 0; e < width; ++e) sum.at[e] += x.at[e];
  }
  if (p.add) {
    const auto old = t.template vector<Vector<float, width>>(to);
    for (int e = 0; e < width; ++e) sum.at[e] += old.at[e];
  }
  t.put_vector(to, sum);
}

}  // namespace dl::cuda
