// Units, passes, levels, working memory.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/embedding_plan.h"

#include <algorithm>
#include <bit>

#include "lib/base/error.h"
#include "lib/device/cuda/blocks.h"

namespace dl::cuda {
namespace {

constexpr int digit_bits = 8;

int64_t taken(int64_t& end, int64_t bytes) {
  const int64_t begin = end;
  end += round_up(bytes, 256);
  return begin;
}

// Threads of a row's vectors: all of them in one piece of 256 at most; a part of a block where they are few.
int lanes_of(int64_t vectors) {
  if (vectors > 128) return static_cast<int>(std::min<int64_t>(round_up(vectors, 32), 256));
  return static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(vectors, 1))));
}

AddRows add_rows_of(int64_t n, int64_t dim, int64_t vector, int lanes, unsigned nothing) {
  const int64_t chunks = ceil_div(dim, vector * lanes);
  return {.n = n,
          .dim = dim,
          .nothing = nothing,
          .lanes = lanes,
          .chunks = index_divisor(chunks, ceil_div(n, AddRows::piece) * chunks),
          .wide = vector > 1};
}

}  // namespace

EmbeddingPlan::EmbeddingPlan(int64_t rows, int64_t dim, int64_t n) {
  narrow.rows = rows, narrow.n = n;
  narrow.unit = 4;
  narrow.units = n * dim;
  narrow.row_units = index_divisor(std::max<int64_t>(dim, 1), narrow.units);
  narrow.search_blocks = std::clamp<int64_t>(ceil_div(n, GatherRows::piece), 1, 1 << 30);
  wide = narrow;
  if (dim % 4 == 0 && dim > 0) {
    wide.unit = 16;
    wide.units = n * dim / 4;
    wide.row_units = index_divisor(dim / 4, wide.units);
  }
  grid = {.x = blocks_for(wide.units + wide.search_blocks * GatherRows::block_units, GatherRows::block_units),
          .threads = GatherRows::threads,
          .shared_bytes = 32 * 4};
  find_grid = {.x = 1, .threads = GatherRows::threads, .shared_bytes = 32 * 4};
}

EmbeddingGradPlan::EmbeddingGradPlan(int64_t rows, int64_t padding, int64_t row_length, int64_t n) : dim(row_length) {
  table_bytes = rows * dim * static_cast<int64_t>(sizeof(float));
  if (n == 0 || table_bytes == 0) return;
  DL_CHECK(n <= int64_t{0xffffffff}, n, " indices");
  // No index is above 2^31 - 2 and a row of such a table.
  const auto nothing = static_cast<unsigned>(std::min<int64_t>(rows, 0x7fffffff));
  const int64_t pieces = ceil_div(n, SortPass::piece);
  items[0] = taken(scratch_bytes, n * static_cast<int64_t>(sizeof(Indexed)));
  items[1] = taken(scratch_bytes, n * static_cast<int64_t>(sizeof(Indexed)));
  counts = taken(scratch_bytes, pieces > 1 ? pieces * SortPass::digits * 4 : 0);
  totals = taken(scratch_bytes, SortPass::digits * 4);
  for (int shift = 0; shift < static_cast<int>(std::bit_width(nothing)); shift += digit_bits)
    passes.push_back({.rows = rows,
                      .padding = padding,
                      .nothing = nothing,
                      .n = static_cast<unsigned>(n),
                      .pieces = static_cast<int>(pieces),
                      .shift = shift});

  const int64_t vector = dim % 4 == 0 ? 4 : 1;
  const int lanes = lanes_of(ceil_div(dim, vector));
  for (int64_t count = n;;) {
    Level level{.wide = add_rows_of(count, dim, vector, lanes, nothing),
                .narrow = add_rows_of(count, dim, 1, lanes, nothing)};
    const int64_t own_pieces = ceil_div(count, AddRows::piece);
    const int threads = lanes > 128 ? lanes : 256;
    level.grid = {.x = blocks_for(own_pieces * level.wide.chunks.by, threads / lanes), .threads = threads};
    if (own_pieces > 1) {
      level.keys = taken(scratch_bytes, 2 * own_pieces * 4);
      level.rows = taken(scratch_bytes, 2 * own_pieces * dim * 4);
    }
    levels.push_back(level);
    if (own_pieces == 1) return;
    count = 2 * own_pieces;
  }
}

SortPass EmbeddingGradPlan::pass(size_t number, const int* indices, std::byte* scratch) const {
  SortPass pass = passes[number];
  pass.indices = indices;
  const auto list = [&](size_t i) { return reinterpret_cast<Indexed*>(scratch + items[i]); };
  if (number > 0) pass.from = list((number - 1) % 2);
  pass.to = list(number % 2);
  pass.counts = reinterpret_cast<unsigned*>(scratch + counts);
  pass.totals = reinterpret_cast<unsigned*>(scratch + totals);
  return pass;
}

AddRows EmbeddingGradPlan::level(size_t number, const float* dy, float* table, std::byte* scratch) const {
  const Level& own = levels[number];
  AddRows add = own.wide.wide && is_aligned(dy, 16) && is_aligned(table, 16) ? own.wide : own.narrow;
  add.table = table;
  if (number == 0) {
    add.items = reinterpret_cast<const Indexed*>(scratch + items[(passes.size() - 1) % 2]);
    add.x = dy;
  } else {
    add.keys = reinterpret_cast<const unsigned*>(scratch + levels[number - 1].keys);
    add.x = reinterpret_cast<const float*>(scratch + levels[number - 1].rows);
  }
  if (own.keys >= 0) {
    add.next_keys = reinterpret_cast<unsigned*>(scratch + own.keys);
    add.next = reinterpret_cast<float*>(scratch + own.rows);
  }
  return add;
}

}  // namespace dl::cuda
