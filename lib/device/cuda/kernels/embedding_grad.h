// The gradient of an embedding: indices are sorted with the positions where they stand, by digits, each pass counting,
// adding up and placing by pieces; then the rows of equal indices are added in the order of their positions, piece by
// piece of the sorted list, then what pieces gave, until one piece is left.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

// An index, or `nothing` for one that counts nothing, and where it stands.
using Indexed = Vector<unsigned, 2>;

struct SortPass {
  static constexpr int threads = 256, warps = threads / 32;
  static constexpr int digits = 256;         // one a thread
  static constexpr int piece = 8 * threads;  // items
  static constexpr int shared_bytes = (warps * digits + 32) * 4;
  const int* indices;  // the first pass: where `from` is null
  const Indexed* from;
  Indexed* to;
  unsigned* counts;         // [digits, pieces], then how many items of earlier pieces have the digit
  unsigned* totals;         // [digits]
  long long rows, padding;  // of the table; the row that takes nothing, or -1
  unsigned nothing;         // above every index
  unsigned n;
  int pieces, shift;
};

inline unsigned key_of(const SortPass& p, int index) {
  return index < 0 || index >= p.rows || index == p.padding ? p.nothing : static_cast<unsigned>(index);
}

template <class Thread>
unsigned digit_counter(const Thread& t, unsigned digit) {
  return static_cast<unsigned>(t.warp()) * SortPass::digits + digit;
}

// Calls each(item, at) for the warp's part of the piece, in order, where `at` is the warp's counter of the item's digit
// and is counted up afterwards. All lanes come along; `each` is called by those that have an item.
template <class Thread, class Each>
void for_each_item(const Thread& t, const SortPass& p, const Each& each) {
  auto counters = t.template shared<unsigned>();
  const long long begin =
      static_cast<long long>(t.block()) * SortPass::piece + t.warp() * (SortPass::piece / SortPass::warps);
  for (int round = 0; round < SortPass::piece / SortPass::warps; round += 32) {
    const long long i = begin + round + t.lane();
    const bool there = i < p.n;
    Indexed item{};
    if (there)
      item =
          p.from ? t.template vector<Indexed>(p.from + i) : Indexed{key_of(p, p.indices[i]), static_cast<unsigned>(i)};
    const unsigned digit = item.at[0] >> p.shift & (SortPass::digits - 1);
    unsigned same = t.ballot(there);  // lanes
    for (int bit = 0; bit < 8; ++bit) {
      const bool one = digit >> bit & 1;
      const unsigned ones = t.ballot(one);
      same &= one ? ones : ~ones;
    }
    const unsigned counter = digit_counter(t, digit), before = same & ((1u << t.lane()) - 1);
    unsigned at = 0;
    if (there) at = counters[counter];
    t.sync_warp();
    if (there) {
      if (before == 0) counters[counter] = at + static_cast<unsigned>(t.ones(same));
      each(item, at + static_cast<unsigned>(t.ones(before)));
    }
    t.sync_warp();
  }
}

// Each thread's x added up over the threads before it. `at`: which word of shared memory the 8 begin that are used.
template <class Thread>
unsigned block_sum_before(const Thread& t, unsigned x, int at, unsigned& total) {
  unsigned sum = x;
  for (int apart = 1; apart < 32; apart *= 2) {
    const unsigned other = t.shuffle(sum, t.lane() >= apart ? t.lane() - apart : t.lane());
    if (t.lane() >= apart) sum += other;
  }
  auto parts = t.template shared<unsigned>(at);
  t.sync();
  if (t.lane() == 31) parts[t.warp()] = sum;
  t.sync();
  total = 0;
  for (int warp = 0; warp < t.count() / 32; ++warp) {
    if (warp == t.warp()) sum += total;
    total += parts[warp];
  }
  return sum - x;
}

template <class Thread>
void clear_counters(const Thread& t) {
  auto counters = t.template shared<unsigned>();
  for (int warp = 0; warp < SortPass::warps; ++warp) counters[warp * SortPass::digits + t.index()] = 0;
  t.sync();
}

template <class Thread>
void count_digits(const Thread& t, const SortPass& p) {
  auto counters = t.template shared<unsigned>();
  clear_counters(t);
  for_each_item(t, p, [](const Indexed&, unsigned) {});
  t.sync();
  unsigned count = 0;
  for (int warp = 0; warp < SortPass::warps; ++warp) count += counters[warp * SortPass::digits + t.index()];
  p.counts[static_cast<long long>(t.index()) * p.pieces + t.block()] = count;
}

// A block a digit.
template <class Thread>
void add_up_counts(const Thread& t, const SortPass& p) {
  unsigned* const counts = p.counts + static_cast<long long>(t.block()) * p.pieces;
  unsigned sum = 0;
  for (int first = 0; first < p.pieces; first += SortPass::threads) {
    const int piece = first + t.index();
    unsigned total = 0;
    const unsigned before = block_sum_before(t, piece < p.pieces ? counts[piece] : 0, 0, total);
    if (piece < p.pieces) counts[piece] = sum + before;
    sum += total;
  }
  if (t.index() == 0) p.totals[t.block()] = sum;
}

// Where there is but one piece it needs no counts.
template <class Thread>
void place_items(const Thread& t, const SortPass& p) {
  auto counters = t.template shared<unsigned>();
  clear_counters(t);
  for_each_item(t, p, [](const Indexed&, unsigned) {});
  t.sync();
  unsigned own = 0, all = 0;
  for (int warp = 0; warp < SortPass::warps; ++warp) own += counters[warp * SortPass::digits + t.index()];
  unsigned at = block_sum_before(t, p.pieces > 1 ? p.totals[t.index()] : own, SortPass::warps * SortPass::digits, all);
  if (p.pieces > 1) at += p.counts[static_cast<long long>(t.index()) * p.pieces + t.block()];
  for (int warp = 0; warp < SortPass::warps; ++warp) {
    const int counter = warp * SortPass::digits + t.index();
    const unsigned count = counters[counter];
    counters[counter] = at;
    at += count;
  }
  t.sync();
  for_each_item(t, p, [&](const Indexed& item, unsigned to) { t.put_vector(p.to + to, item); });
}

// Sorted items, each a row of x that belongs to a row of the table, added piece by piece. A run of equal keys that lies
// in one piece is complete; of those that a piece shares with its neighbours, that of the piece before and that of the
// piece behind are its two items of the next list.
struct AddRows {
  static constexpr int piece = 32;             // items
  static constexpr unsigned empty = 1u << 31;  // on a key: an item that counts nothing
  const Indexed* items;                        // the first list, where item i is row items[i].at[1] of x
  const unsigned* keys;                        // the others, where item i is row i
  const float* x;
  float* table;
  unsigned* next_keys;
  float* next;
  long long n, dim;
  unsigned nothing;
  int lanes;            // threads of a piece and chunk, of a vector each
  IndexDivisor chunks;  // that cover a row
  int wide;             // whether a vector is of 4 elements, aligned, or of one
};

template <int n, class Thread>
void add_rows_by(const Thread& t, const AddRows& p) {
  constexpr int ahead = 4;
  using Row = Vector<float, n>;
  const int lane = t.index() % p.lanes, teams = t.count() / p.lanes;
  const long long works = (p.n + AddRows::piece - 1) / AddRows::piece * p.chunks.by;
  const auto key_at = [&](long long i) {
    if (!p.items) return p.keys[i];
    const unsigned key = p.items[i].at[0];
    return key == p.nothing ? key | AddRows::empty : key;
  };
  long long work = static_cast<long long>(t.block()) * teams + t.index() / p.lanes;
  if (t.index() >= teams * p.lanes) work = works;
  for (; work < works; work += static_cast<long long>(t.blocks()) * teams) {
    const long long piece = quotient(work, p.chunks), chunk = work - piece * p.chunks.by;
    const long long begin = piece * AddRows::piece;
    const long long end = begin + AddRows::piece < p.n ? begin + AddRows::piece : p.n;
    const unsigned first = key_at(begin) & ~AddRows::empty, last = key_at(end - 1) & ~AddRows::empty;
    const bool goes_on = begin > 0 && (key_at(begin - 1) & ~AddRows::empty) == first;
    const bool comes_back = end < p.n && (key_at(end) & ~AddRows::empty) == last;
    const long long column = (chunk * p.lanes + lane) * n;
    if (column == 0 && p.next_keys) {
      p.next_keys[2 * piece] = first | AddRows::empty;
      p.next_keys[2 * piece + 1] = last | AddRows::empty;
    }
    if (column >= p.dim) continue;
    Row sum{};
    unsigned key = first;
    bool open = goes_on, any = false;
    const auto close = [&](bool shared) {
      if (!any) return;
      float* to = p.table + key * p.dim;
      if (open || shared) {
        const long long item = 2 * piece + (open ? 0 : 1);
        to = p.next + item * p.dim;
        if (column == 0) p.next_keys[item] = key;
      }
      t.put_vector(to + column, sum);
    };
    for (long long i = begin; i < end; i += ahead) {
      unsigned keys[ahead];
      Row rows[ahead];
      for (int k = 0; k < ahead; ++k) {
        keys[k] = AddRows::empty;
        if (i + k >= end) continue;
        keys[k] = key_at(i + k);
        if (keys[k] & AddRows::empty) continue;
        const long long row = p.items ? p.items[i + k].at[1] : i + k;
        rows[k] = t.template vector<Row>(p.x + row * p.dim + column);
      }
      for (int k = 0; k < ahead; ++k) {
        if (i + k >= end) continue;
        if ((keys[k] & ~AddRows::empty) != key) {
          close(false);
          key = keys[k] & ~AddRows::empty;
          open = any = false;
        }
        if (keys[k] & AddRows::empty) continue;
        for (int c = 0; c < n; ++c) sum.at[c] = any ? sum.at[c] + rows[k].at[c] : rows[k].at[c];
        any = true;
      }
    }
    close(comes_back);
  }
}

template <class Thread>
void add_rows(const Thread& t, const AddRows& p) {
  if (p.wide) return add_rows_by<4>(t, p);
  add_rows_by<1>(t, p);
}

}  // namespace dl::cuda
