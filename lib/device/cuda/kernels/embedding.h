// Rows of a table by index, and the first index that is no row of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

// The first `search_blocks` blocks look for wrong indices, each through a piece; where there is but one, it writes the
// fault, else find_fault() does afterwards. The other blocks copy rows.
struct GatherRows {
  static constexpr int threads = 256, units_each = 4, block_units = threads * units_each;
  static constexpr int piece = 1 << 14;  // indices
  const unsigned char* table;
  const int* indices;
  unsigned char* y;
  FaultWord* fault;
  int* wrong;  // of each piece: where in it the first wrong index is, or -1
  long long rows, n;
  long long units;         // of y
  IndexDivisor row_units;  // of a row
  int unit;                // bytes of one: 16 or 4, of which all addresses are multiples
  long long search_blocks;
};

// The least of the block's x; every thread gets it. Uses 32 words of shared memory.
template <class Thread>
int block_least(const Thread& t, int x) {
  for (int mask = 16; mask > 0; mask /= 2) {
    const int other = t.shuffle_xor(x, mask);
    if (other < x) x = other;
  }
  auto parts = t.template shared<int>();
  t.sync();
  if (t.lane() == 0) parts[t.warp()] = x;
  t.sync();
  for (int warp = 0; warp < t.count() / 32; ++warp) {
    const int other = parts[warp];
    if (other < x) x = other;
  }
  return x;
}

// The first i below n for which find(i), found by the block together; n where there is none. find() loads, so several
// are asked for at once.
template <class Thread, class Find>
int block_first(const Thread& t, int n, const Find& find) {
  constexpr int ahead = 8;
  int first = n;
  for (int i = t.index(); i < n && first == n; i += ahead * t.count()) {
    bool found[ahead];
    for (int k = 0; k < ahead; ++k) found[k] = i + k * t.count() < n && find(i + k * t.count());
    for (int k = ahead - 1; k >= 0; --k)
      if (found[k]) first = i + k * t.count();
  }
  return block_least(t, first);
}

template <class Thread>
void search_piece(const Thread& t, const GatherRows& p, long long piece) {
  const int* const indices = p.indices + piece * GatherRows::piece;
  const long long left = p.n - piece * GatherRows::piece;
  const int n = left < GatherRows::piece ? static_cast<int>(left) : GatherRows::piece;
  const int first = block_first(t, n, [&](int i) { return indices[i] < 0 || indices[i] >= p.rows; });
  if (t.index() != 0) return;
  if (p.search_blocks > 1) {
    p.wrong[piece] = first < n ? first : -1;
  } else {
    *p.fault = first < n ? FaultWord{1, indices[first]} : FaultWord{0, 0};
  }
}

template <class U, class Thread>
void gather_units(const Thread& t, const GatherRows& p) {
  constexpr int each = GatherRows::units_each;
  constexpr long long bytes = sizeof(U);
  const long long blocks = t.blocks() - p.search_blocks;
  long long first = (t.block() - p.search_blocks) * GatherRows::block_units + t.index();
  for (; first < p.units; first += blocks * GatherRows::block_units) {
    U unit[each];
    for (int k = 0; k < each; ++k) {
      const long long i = first + k * GatherRows::threads;
      if (i >= p.units) continue;
      const long long row = quotient(i, p.row_units);
      const int index = p.indices[row];
      unit[k] = U{};
      if (index >= 0 && index < p.rows)
        unit[k] = t.template vector<U>(p.table + (index * p.row_units.by + (i - row * p.row_units.by)) * bytes);
    }
    for (int k = 0; k < each; ++k) {
      const long long i = first + k * GatherRows::threads;
      if (i < p.units) t.put_vector(p.y + i * bytes, unit[k]);
    }
  }
}

template <class Thread>
void gather_rows(const Thread& t, const GatherRows& p) {
  if (t.block() < p.search_blocks) return search_piece(t, p, t.block());
  if (p.unit == 16) return gather_units<Vector<unsigned, 4>>(t, p);
  gather_units<unsigned>(t, p);
}

// One block: the fault of the first piece that has one.
template <class Thread>
void find_fault(const Thread& t, const GatherRows& p) {
  const int pieces = static_cast<int>(p.search_blocks);
  const int piece = block_first(t, pieces, [&](int i) { return p.wrong[i] >= 0; });
  if (t.index() != 0) return;
  *p.fault = FaultWord{0, 0};
  if (piece < pieces) *p.fault = {1, p.indices[static_cast<long long>(piece) * GatherRows::piece + p.wrong[piece]]};
}

}  // namespace dl::cuda
