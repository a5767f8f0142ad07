// Tensors of more elements than 31 bits count: where kernels would read and write them, and the grids that are asked
// for. Threads that note addresses and touch nothing take the place of real ones.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/embedding_plan.h"
#include "lib/device/cuda/kernels/write_rows.h"
#include "lib/device/cuda/piece_copy.h"
#include "lib/device/cuda/reduce_plan.h"
#include "lib/device/cuda/strided_plan.h"

using namespace dl;
using namespace dl::cuda;

namespace {

// Bytes from `base` on that were read and written: the least and the one after the largest.
struct Noted {
  int64_t first_read = std::numeric_limits<int64_t>::max(), end_read = 0;
  int64_t first_written = std::numeric_limits<int64_t>::max(), end_written = 0;
  bool aligned = true;
};

unsigned char* operand() { return reinterpret_cast<unsigned char*>(uintptr_t{1} << 44); }
unsigned char* result() { return reinterpret_cast<unsigned char*>(uintptr_t{1} << 45); }

struct NotingThread {
  int index_, block_, blocks_, count_;
  Noted* noted;

  int index() const { return index_; }
  int count() const { return count_; }
  int lane() const { return index_ % 32; }
  int warp() const { return index_ / 32; }
  int block() const { return block_; }
  int blocks() const { return blocks_; }
  void sync() const {}
  template <class T>
  T shuffle_xor(T x, int) const {
    return x;
  }
  template <class T>
  struct Shared {
    T at{};
    T& operator[](int64_t) { return at; }
  };
  template <class T>
  Shared<T> shared(int = 0) const {
    return {};
  }
  template <class T, class A>
  T vector(const A* p) const {
    const int64_t byte = reinterpret_cast<const unsigned char*>(p) - operand();
    noted->aligned &= byte % static_cast<int64_t>(sizeof(T)) == 0;
    noted->first_read = std::min(noted->first_read, byte);
    noted->end_read = std::max(noted->end_read, byte + static_cast<int64_t>(sizeof(T)));
    return T{};
  }
  template <class T, class A>
  void put_vector(A* p, const T&) const {
    const int64_t byte = reinterpret_cast<unsigned char*>(p) - result();
    noted->first_written = std::min(noted->first_written, byte);
    noted->end_written = std::max(noted->end_written, byte + static_cast<int64_t>(sizeof(T)));
  }
};

// What all threads of one block of the grid touch.
template <class Kernel>
Noted noted(const Grid& grid, int block, const Kernel& kernel) {
  Noted all;
  for (int i = 0; i < grid.threads; ++i) kernel(NotingThread{i, block, grid.x, grid.threads, &all});
  CHECK(all.aligned);
  return all;
}

void check_grid(const Grid& grid, int64_t least_blocks) {
  CHECK(grid.x >= least_blocks);
  CHECK(grid.y == 1);
  CHECK(grid.z == 1);
  CHECK(grid.threads % 32 == 0);
  CHECK(grid.threads <= 256);
  CHECK(grid.shared_bytes <= 48 << 10);
}

constexpr int64_t billion = 1'000'000'000;

}  // namespace

TEST_CASE("permuted tensors of billions of elements are read and written to their ends and not beyond") {
  const struct {
    std::vector<StridedDimension> dimensions;
    int64_t element;
    bool tiled;
  } cases[] = {
      {{{70'001, 1}, {70'003, 70'001}}, 4, true},  // transposed
      {{{70'001, 1}, {70'003, 70'001}}, 1, true},
      {{{50'000, 3}, {3, 1}, {30'000, 150'000}}, 2, true},
      {{{40'000, 1024}, {1000, 40'960'000}, {1024, 1}}, 4, false},  // the last axis stays
      {{{40'000, 1025}, {1000, 41'000'000}, {1025, 1}}, 4, false},
      {{{3, 0}, {2 * billion, 1}}, 2, false},  // repeated
      {{{2 * billion, 1}, {48, 0}}, 1, false},
  };
  for (const auto& c : cases) {
    int64_t elements = 1, last = 0;
    for (const StridedDimension& d : c.dimensions) elements *= d.size, last += (d.size - 1) * d.step;
    StridedPlan plan(c.dimensions, c.element);
    REQUIRE(plan.tiled == c.tiled);
    check_grid(plan.grid, 100'000);
    plan.tiles.from = plan.wide.from = operand();
    plan.tiles.to = plan.wide.to = result();
    const auto run = [&](const NotingThread& t) {
      plan.tiled ? transpose_tiles(t, plan.tiles) : copy_strided(t, plan.wide);
    };
    const Noted first = noted(plan.grid, 0, run), end = noted(plan.grid, plan.grid.x - 1, run);
    CHECK(first.first_read == 0);
    CHECK(first.first_written == 0);
    CHECK(end.end_read == (last + 1) * c.element);
    CHECK(end.end_written == elements * c.element);
  }
}

TEST_CASE("pieces of many gibibytes are copied to their ends") {
  for (const RowsOfBytes& rows :
       {RowsOfBytes{.from = operand(), .to = result(), .bytes = 9 * billion},
        RowsOfBytes{.from = operand(), .to = result(), .bytes = 9 * billion + 1},
        RowsOfBytes{.from = operand(), .to = result(), .rows = billion, .bytes = 12, .from_step = 16, .to_step = 20}}) {
    CopyPieces pieces{};
    pieces.count = 1;
    pieces.piece[0] = piece_of(rows);
    const Grid grid{.x = pieces.piece[0].blocks, .threads = CopyPieces::threads};
    check_grid(grid, 100'000);
    // The last unit may be any block's, as all go on in steps of the grid.
    const int last = static_cast<int>((pieces.piece[0].units - 1) / CopyPieces::block_units % grid.x);
    const Noted end = noted(grid, last, [&](const NotingThread& t) { copy_pieces(t, pieces); });
    CHECK(end.end_read == (rows.rows - 1) * rows.from_step + rows.bytes);
    CHECK(end.end_written == (rows.rows - 1) * rows.to_step + rows.bytes);
  }
}

TEST_CASE("reductions read billions of elements to the last") {
  const std::pair<Shape, std::vector<int>> cases[] = {
      {{billion * 3}, {0}},       {{3, billion}, {1}},           {{billion + billion / 5, 2}, {0}},
      {{billion / 4, 12}, {0}},   {{50'000, 2, 30'000}, {0, 2}}, {{2, billion + billion / 5, 1}, {1}},
      {{2, billion / 2, 3}, {1}},
  };
  for (const auto& [shape, axes] : cases) {
    CAPTURE(shape.text());
    ReducePlan plan({DType::f32, shape}, axes, FoldMax::words);
    check_grid(plan.grid, 500);
    REQUIRE(plan.partial_bytes > 0);
    check_grid(plan.merge_grid, 1);
    std::vector<float> partial(static_cast<size_t>(plan.partial_bytes / 4));
    for (Reduction* r : {&plan.wide}) {
      r->x = operand();
      r->partial = partial.data();
      const int64_t own = plan.by_rows ? 1 : r->chunks.by;
      const auto run = [&](const NotingThread& t) {
        plan.by_rows ? reduce_rows<FoldMax, float>(t, *r) : reduce_columns<FoldMax, float>(t, *r);
      };
      CHECK(own * plan.wide.results <= plan.grid.x * int64_t{1000});
      CHECK(noted(plan.grid, 0, run).first_read == 0);
      CHECK(noted(plan.grid, plan.grid.x - 1, run).end_read == shape.elements() * 4);
    }
  }
}

TEST_CASE("tables and results of billions of elements are addressed to their ends") {
  const int64_t rows = 4'000'000, dim = 1001, n = 3'000'000;
  std::vector<int> indices(static_cast<size_t>(n), 5);
  indices.back() = static_cast<int>(rows - 1);
  for (const int64_t wide_dim : {dim, dim + 3}) {
    EmbeddingPlan plan(rows, wide_dim, n);
    check_grid(plan.grid, 100'000);
    FaultWord fault{};
    std::vector<int> wrong(static_cast<size_t>(plan.wide.search_blocks));
    plan.wide.table = operand(), plan.wide.y = result();
    plan.wide.indices = indices.data(), plan.wide.fault = &fault, plan.wide.wrong = wrong.data();
    const Noted end = noted(plan.grid, plan.grid.x - 1, [&](const NotingThread& t) { gather_rows(t, plan.wide); });
    CHECK(end.end_read == rows * wide_dim * 4);
    CHECK(end.end_written == n * wide_dim * 4);

    const EmbeddingGradPlan grad(rows, -1, wide_dim, 40);
    const EmbeddingGradPlan of_many(rows, -1, wide_dim, n);
    for (const auto& level : of_many.levels) check_grid(level.grid, 1);
    CHECK(of_many.passes.size() == 3);
    CHECK(of_many.passes[0].pieces == 1465);
    CHECK(of_many.levels.size() == 6);
    std::vector<Indexed> sorted(40, Indexed{{static_cast<unsigned>(rows - 1), static_cast<unsigned>(n - 1)}});
    std::vector<unsigned> keys(4);
    AddRows add = grad.level(0, reinterpret_cast<const float*>(operand()), reinterpret_cast<float*>(result()), nullptr);
    add.items = sorted.data(), add.next_keys = keys.data(), add.n = 32;
    Noted last;
    for (int block = 0; block < grad.levels[0].grid.x; ++block) {
      const Noted more = noted(grad.levels[0].grid, block, [&](const NotingThread& t) { add_rows(t, add); });
      last.end_read = std::max(last.end_read, more.end_read);
      last.end_written = std::max(last.end_written, more.end_written);
    }
    CHECK(last.end_read == n * wide_dim * 4);
    CHECK(last.end_written == rows * wide_dim * 4);
  }
  const int64_t batch = 1'000'000, length = 64, width = 100, units = batch * length * width / 4;
  std::vector<int> position(static_cast<size_t>(batch), static_cast<int>(length - 1));
  const WriteRows write{.into = operand(),
                        .rows = operand(),
                        .position = position.data(),
                        .y = result(),
                        .units = units,
                        .row_units = index_divisor(width / 4, units),
                        .length = index_divisor(length, batch * length),
                        .unit = 16};
  const Grid grid{.x = blocks_for(units, WriteRows::block_units), .threads = WriteRows::threads};
  CHECK(noted(grid, grid.x - 1, [&](const NotingThread& t) { write_rows(t, write); }).end_written == units * 16);
}

TEST_CASE("sizes that no memory holds are planned all the same") {
  const int64_t absurd = int64_t{1} << 60;
  check_grid(StridedPlan({{2, 1}, {absurd, 2}}, 1).grid, 1);
  check_grid(StridedPlan({{3, 0}, {absurd, 1}}, 1).grid, 1);
  for (const auto& [shape, axes] :
       {std::pair<Shape, std::vector<int>>{{absurd}, {0}}, {{absurd, 2}, {0}}, {{absurd, 2}, {1}}, {{2, absurd}, {0}}})
    check_grid(ReducePlan({DType::f32, shape}, axes, 3).grid, 1);
  check_grid(EmbeddingPlan(absurd / 4, 4, 1 << 20).grid, 1);
}
