// Axes joined, lanes, pieces.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/reduce_plan.h"

#include <algorithm>
#include <bit>

#include "lib/base/error.h"
#include "lib/device/cuda/blocks.h"

namespace dl::cuda {
namespace {

constexpr int64_t enough_blocks = 512;  // fill any GPU
constexpr int64_t worth_a_piece = 16;   // vectors of a thread

struct Axis {
  int64_t size, step;
  bool folded;
};

// Innermost first, without those of size 1; neighbours of a kind are one.
std::vector<Axis> joined(const Shape& x, const std::vector<int>& axes) {
  std::vector<Axis> out;
  int64_t step = 1;
  for (int axis = x.rank() - 1; axis >= 0; step *= x[axis--]) {
    if (x[axis] == 1) continue;
    const bool folded = std::ranges::count(axes, axis) > 0;
    if (!out.empty() && out.back().folded == folded)
      out.back().size *= x[axis];
    else
      out.push_back({x[axis], step, folded});
  }
  return out;
}

void append(Reduction::Axes& to, int64_t size, int64_t step, int64_t end) {
  DL_CHECK(to.rank < Reduction::most, "more than ", Reduction::most, " axes");
  to.axis[to.rank++] = {index_divisor(std::max<int64_t>(size, 1), end), step};
}

int power_of_two(int64_t least, int64_t most) {
  return static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(least, 1, most))));
}

// Pieces of equal length, so many that all blocks fill a GPU, of a length that is worth one.
int64_t cut(Reduction& r, int64_t blocks, int64_t least_length) {
  const int64_t wanted =
      std::min<int64_t>(ceil_div(enough_blocks, std::max<int64_t>(blocks, 1)), r.length / least_length);
  r.piece_length = std::max<int64_t>(ceil_div(r.length, std::max<int64_t>(wanted, 1)), 1);
  return std::max<int64_t>(ceil_div(r.length, r.piece_length), 1);
}

}  // namespace

ReducePlan::ReducePlan(const Type& x, const std::vector<int>& axes, int words) {
  const std::vector<Axis> all = joined(x.shape, axes);
  by_rows = all.empty() || all[0].folded;
  const int64_t element = bytes_of(x.dtype), inner = all.empty() ? 1 : all[0].size;
  int64_t n = by_rows ? (element == 1 ? 8 : 16 / element) : column_vector;
  if (inner % n != 0) n = 1;
  alignment = n > 1 ? n * element : 0;

  int64_t results = 1, length = by_rows ? inner / n : 1;
  for (size_t i = by_rows ? 1 : 0; i < all.size(); ++i) (all[i].folded ? length : results) *= all[i].size;
  Reduction& r = wide;
  r.results = results, r.length = length, r.wide = n > 1;
  int64_t pieces = 1, blocks = 0, chunks = 1;
  if (by_rows) {
    r.lanes = length >= 1024 ? Reduction::threads : power_of_two(ceil_div(length, 4), 32);
    blocks = ceil_div(results, Reduction::threads / r.lanes);
    pieces = cut(r, blocks, worth_a_piece * r.lanes);
  } else {
    r.inner = inner;
    r.lanes = power_of_two(ceil_div(inner, n), length >= 64 ? 32 : length >= 16 ? 64 : Reduction::threads);
    chunks = ceil_div(inner, n * r.lanes);
    blocks = (inner > 0 ? results / inner : 0) * chunks;
    pieces = cut(r, blocks, worth_a_piece * (Reduction::threads / r.lanes));
  }
  grid = {.x = blocks_for(blocks * pieces, 1),
          .threads = Reduction::threads,
          .shared_bytes = static_cast<int>(words * 4 * (by_rows ? Reduction::threads / 32 : n * Reduction::threads))};

  narrow = wide;
  narrow.wide = 0;
  if (by_rows) {
    narrow.length *= n;
    narrow.piece_length *= n;
  }
  for (Reduction* of : {&wide, &narrow}) {
    const int64_t vector = of->wide ? n : 1;
    const int64_t own_chunks = by_rows ? 1 : ceil_div(inner, vector * of->lanes);
    const int64_t works = by_rows ? results * pieces : (inner > 0 ? results / inner : 0) * own_chunks * pieces;
    of->pieces = index_divisor(pieces, works);
    of->chunks = index_divisor(std::max<int64_t>(own_chunks, 1), works);
    const bool neighbours = std::ranges::count(all, true, &Axis::folded) <= 1;
    if (by_rows && !neighbours) append(of->folded, inner / vector, vector, of->length);
    for (size_t i = 1; i < all.size(); ++i)
      append(all[i].folded ? of->folded : of->kept, all[i].size, all[i].step, all[i].folded ? of->length : results);
  }
  if (pieces == 1) return;
  partial_bytes = pieces * results * words * static_cast<int64_t>(sizeof(float));
  merge.of = wide;
  merge.lanes = power_of_two(results, results >= int64_t{1} << 16 ? 32 : 8);
  merge.chunks = ceil_div(results, merge.lanes);
  merge_grid = {
      .x = blocks_for(merge.chunks, 1), .threads = Reduction::threads, .shared_bytes = words * 4 * Reduction::threads};
}

}  // namespace dl::cuda
