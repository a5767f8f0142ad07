// Rows that lie a multiple of 2 KiB apart fall into a few sets of the first-level cache and push each other out before
// they are used up. A block of such a left factor is copied first, at a better distance.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/ahead.h"

namespace dl::DL_ISA {

// A block of the left factor, as a tile reads it.
template <class T>
struct Left {
  const T* a = nullptr;
  int64_t a_row = 0, a_depth = 1;
};

template <class T>
bool crowds(const GemmOf<T>& g) {
  // A tile reads its rows side by side, but one step of the depth after another.
  const int64_t apart = g.a_depth == 1 ? g.a_row : g.a_depth, critical_bytes = g.a_depth == 1 ? 2048 : 4096;
  constexpr int64_t worthwhile_columns = 192;  // with fewer, what is copied is not read often enough
  return apart * static_cast<int64_t>(sizeof(T)) % critical_bytes == 0 && g.rows > 1 && g.columns >= worthwhile_columns;
}

// Elements between copied rows of so many elements: whole cache lines, an odd number of them.
template <class T>
constexpr int64_t spaced(int64_t elements) {
  constexpr int64_t line = 64 / sizeof(T);
  return ((elements + line - 1) / line | 1) * line;
}

// Room for the copy of any block of so many rows and so much depth, whichever of them lies together.
template <class T>
constexpr int64_t spaced_block(int64_t rows, int64_t depth) {
  const int64_t by_rows = rows * spaced<T>(depth), by_depth = depth * spaced<T>(rows);
  return by_rows > by_depth ? by_rows : by_depth;
}

// The block as it lies, or copied to `room` where there is one.
template <class T>
Left<T> left_block(const GemmOf<T>& g, const GemmBlock& now, T* room) {
  const Left<T> there{g.a + now.row * g.a_row + now.k * g.a_depth, g.a_row, g.a_depth};
  if (room == nullptr) return there;
  const bool along_depth = g.a_depth == 1;
  const int64_t count = along_depth ? now.rows : now.depth, length = along_depth ? now.depth : now.rows;
  const int64_t apart = spaced<T>(length), from = along_depth ? g.a_row : g.a_depth;
  const bool copied_before = now.column > 0 && g.rows == now.rows && g.depth == now.depth;
  for (int64_t i = 0; i < count && !copied_before; ++i) {
    __builtin_memcpy(room + i * apart, there.a + i * from, static_cast<size_t>(length) * sizeof(T));
  }
  return along_depth ? Left<T>{room, apart, 1} : Left<T>{room, 1, apart};
}

}  // namespace dl::DL_ISA
