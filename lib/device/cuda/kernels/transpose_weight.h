// Weights transposed: as convolve() and depthwise() read them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

// Matrices [rows][columns], one behind another.
struct TransposeWeight {
  const void* from;
  void* to;
  int rows, columns, column_tiles, row_tiles;
};
template <class T, class Thread>
void transpose_weight(const Thread& t, const TransposeWeight& p) {  // 256 threads, tiles of 32 x 32
  const auto tile = t.template shared<T>();
  int block = t.block();
  const int column0 = block % p.column_tiles * 32;
  block /= p.column_tiles;
  const int row0 = block % p.row_tiles * 32;
  const long long at = static_cast<long long>(block / p.row_tiles) * p.rows * p.columns;
  const T* from = static_cast<const T*>(p.from) + at;
  T* to = static_cast<T*>(p.to) + at;
  for (int r = t.warp(); r < 32; r += 8) {
    if (row0 + r < p.rows && column0 + t.lane() < p.columns)
      tile[r * 33 + t.lane()] = from[static_cast<long long>(row0 + r) * p.columns + column0 + t.lane()];
  }
  t.sync();
  for (int c = t.warp(); c < 32; c += 8) {
    if (row0 + t.lane() < p.rows && column0 + c < p.columns)
      to[static_cast<long long>(column0 + c) * p.rows + row0 + t.lane()] = tile[t.lane() * 33 + c];
  }
}

}  // namespace dl::cuda
