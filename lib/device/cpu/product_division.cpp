// Parts, halves and chunks of a product.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product_division.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lib/base/division.h"

namespace dl {
namespace {

constexpr double least_flops_of_halves = 1e6;
constexpr int64_t few_rows = 8;
constexpr int64_t few_columns = 4, long_depth = 64;  // in tiles they would leave most of a vector empty
constexpr int64_t cache_line = 16;                   // floats
constexpr int64_t chunk_floats = 32 * 1024;          // of the product: stays in any second-level cache for its epilogue
constexpr int64_t most_chunk_rows = 168;
constexpr int64_t block_part =
    4;  // of the second-level cache, which the chunks of a block take, all of B being read for it
constexpr int64_t even_chunks = 8;               // their number is a multiple of it, so that threads have equally many
constexpr int64_t small_chunk = 2048;            // elements: so many chunks are made that their number costs little
constexpr int64_t library_block_rows = 1024;     // it lays B out anew for each block
constexpr int64_t many_rows = 512;               // from here on, the epilogue follows each block of rows,
constexpr int64_t most_packed_floats = 2 << 20;  // unless reading a larger B for each costs more than that saves

// What packing B costs, in rows multiplied with it.
template <class T>
double packing_rows(const GemmOf<T>& g) {
  return g.b_column == 1 ? 4 : 20;
}

// What costs more in a turned product, where A is packed, which is small and often at hand, and B read in place.
constexpr double packing_columns = 10;        // multiplied with A
constexpr double in_place = 1.06;             // times the multiply-adds
constexpr double turning_an_element = 24;     // multiply-adds
constexpr int64_t turned_floats = 64 * 1024;  // of C: they lie in the second cache when they are turned

// Below, waking another thread costs more than it saves: two hand-overs of a few lines each.
double least_flops_a_thread(const Machine& m, Isa isa) { return m.flops(isa) * (0.5e-6 + 8e-9 * m.hand_over_ns); }

// What fetching an element costs that another core has written, in multiply-adds: a core has some ten lines under way,
// each for half of what it takes there and back.
double fetching(const Machine& m, Isa isa) {
  constexpr double lines_under_way = 10;
  return m.hand_over_ns * 1e-9 / 2 / lines_under_way / cache_line * m.flops(isa) / 2;
}

// What multiplying a part of rows x columns elements costs, in multiply-adds.
template <class T>
double multiplying(const ProductDivision& d, const GemmOf<T>& g, double rows, double columns, int64_t lanes) {
  const double depth = static_cast<double>(std::max<int64_t>(g.depth, 1));
  if (!d.turned) return (rows + (d.along_depth() ? 0 : packing_rows(g))) * columns * depth;
  const auto in_vectors = static_cast<double>(round_up(static_cast<int64_t>(rows), lanes));
  const double blocks = std::ceil(columns / static_cast<double>(d.turned_columns));
  return (in_place * columns * in_vectors + packing_columns * rows * blocks) * depth +
         turning_an_element * rows * columns;
}

// What another core has read is taken back from it when it is written again.
constexpr double taken_back = 1.25;

// What fetching the operands of a part costs its thread, in multiply-adds, when the product is cut into row_parts x
// column_parts and the largest part has rows x columns elements. A thread has its own share of the samples at hand:
// they are A's and C's rows, or the depth where A lies along the rows, as in a weight's gradient. B is a weight in the
// former, and may have been updated by another thread as a whole. Columns that threads share are read by another, and
// taken back, for the epilogue and in the next run.
template <class T>
double fetching_part(const GemmOf<T>& g, double rows, double columns, int row_parts, int column_parts,
                     double fetching) {
  const double depth = static_cast<double>(std::max<int64_t>(g.depth, 1));
  const auto of_others = [](int parts) { return 1.0 - 1.0 / parts; };
  const int parts = row_parts * column_parts;
  const bool samples_in_rows = g.a_depth == 1;
  const double a = taken_back * rows * depth * of_others(samples_in_rows ? column_parts : parts);
  const double b = columns * depth * (samples_in_rows && parts > 1 ? 1 : of_others(parts));
  const double c = samples_in_rows ? 2 * taken_back * rows * columns * of_others(column_parts) : 0;
  return fetching * (a + b + c);
}

double flops_of(double rows, double columns, double depth) { return 2 * rows * columns * std::max(depth, 1.0); }

// Whether the sums are made in two halves and added: a weight's gradient, summed over samples that two threads have at
// hand, where the halves move less than the operands would.
template <class T>
bool sums_by_halves(const GemmOf<T>& g) {
  const auto rows = static_cast<double>(g.rows), columns = static_cast<double>(g.columns),
             depth = static_cast<double>(g.depth);
  return g.a_depth != 1 && 2 * rows * columns <= taken_back * depth * (rows + columns) &&
         flops_of(rows, columns, depth) >= least_flops_of_halves;
}

// A library's bits depend on how a product is cut: that is not to follow from what was measured.
const Machine any_machine{.f32_flops = {100e9, 100e9, 100e9}};

// Chunks of rows for the epilogue, and how many are multiplied together.
template <class T>
void divide_rows(ProductDivision& d, const GemmOf<T>& shape, const GemmKernelsOf<T>& kernels, int64_t l2_bytes,
                 bool library) {
  const int64_t columns = std::max<int64_t>(shape.columns, 1), rows = shape.rows;
  int64_t chunks = rows * columns < 4 * even_chunks * small_chunk ? even_chunks : 4 * even_chunks;
  if (d.by_rows) {
    const int64_t unit = kernels.row_unit;
    const int64_t most = library ? library_block_rows
                                 : std::clamp(chunk_floats / columns / unit, int64_t{1}, most_chunk_rows / unit) * unit;
    chunks = round_up(ceil_div(rows, most), even_chunks);
  }
  d.chunk_rows = std::max(ceil_div(rows, chunks), int64_t{1});
  // Sums over rows follow from the chunks, and so their bits do not depend on the cache.
  const int64_t chunk_bytes = d.chunk_rows * columns * static_cast<int64_t>(sizeof(float));
  if (d.by_rows && !library)
    d.block_chunks = std::clamp(l2_bytes / block_part / chunk_bytes, int64_t{1},
                                std::max(most_chunk_rows / d.chunk_rows, int64_t{1}));
}

// Rows and columns are cut into so many parts, direct or turned where that may be, that the largest costs its thread
// the least.
template <class T>
void divide_parts(ProductDivision& d, const GemmOf<T>& shape, const GemmKernelsOf<T>& kernels, const Machine& machine,
                  Isa isa, int threads, bool may_turn) {
  double best = 0;
  if (may_turn)
    d.turned_columns = std::min(round_up(std::max<int64_t>(turned_floats / shape.rows, 1), kernels.row_unit),
                                std::max<int64_t>(shape.columns, 1));
  const ProductDivision direct = d;
  for (int rows = 1; rows <= threads; ++rows) {
    const int columns = threads / rows;
    const Range r = split(shape.rows, rows, 0, d.chunk_rows), c = split(shape.columns, columns, 0, kernels.pack_unit);
    const auto part_rows = static_cast<double>(r.end), part_columns = static_cast<double>(c.end);
    const double fetched = fetching_part(shape, part_rows, part_columns, rows, columns, fetching(machine, isa));
    for (const bool turned : {false, true}) {
      if (turned && !may_turn) continue;
      ProductDivision now = direct;
      now.turned = turned, now.row_parts = rows, now.column_parts = columns;
      const double cost = fetched + multiplying(now, shape, part_rows, part_columns, kernels.pack_unit / 2);
      if (best > 0 && cost >= best) continue;
      best = cost;
      d = now;
    }
  }
}

}  // namespace

template <class T>
ProductDivision divide_product(const GemmOf<T>& shape, const GemmKernelsOf<T>& kernels, CpuDevice& device,
                               bool epilogue, bool library, bool b_stays) {
  ProductDivision d;
  const Machine& machine = library ? any_machine : device.machine();
  const bool along_depth = kernels.multiply_few != nullptr && shape.a_depth == 1 && shape.b_depth == 1;
  d.few_rows = along_depth && shape.rows <= few_rows;
  d.few_columns = along_depth && !d.few_rows && shape.columns <= few_columns && shape.depth >= long_depth;
  d.by_rows = epilogue && !d.few_columns && shape.rows >= many_rows &&
              (std::is_same_v<T, float> || shape.a_depth == 1) &&
              (library || kernels.packed_floats(shape.columns, shape.depth) < most_packed_floats);
  if (epilogue) divide_rows(d, shape, kernels, machine.l2_bytes, library);
  const double flops =
      flops_of(static_cast<double>(shape.rows), static_cast<double>(shape.columns), static_cast<double>(shape.depth));
  int threads = static_cast<int>(
      std::clamp(flops / least_flops_a_thread(machine, device.isa()), 1.0, double(device.team().size())));
  if (!epilogue && sums_by_halves(shape)) {
    d.halves = 2;
    if (threads % 2 == 0) d.halves_at_once = 2;
    threads /= d.halves_at_once;
  }
  const bool may_turn = along_depth && !d.along_depth() && !d.by_rows && !library && !b_stays;
  divide_parts(d, shape, kernels, machine, device.isa(), threads, may_turn);
  return d;
}

template ProductDivision divide_product(const Gemm&, const GemmKernels&, CpuDevice&, bool, bool, bool);
template ProductDivision divide_product(const Bf16Gemm&, const Bf16GemmKernels&, CpuDevice&, bool, bool, bool);

}  // namespace dl
