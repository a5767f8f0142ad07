// How a product is divided over the team. An element's bits do not depend on the division, see simd/gemm.h.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product.h"

#include <algorithm>
#include <type_traits>

#include "lib/base/clock.h"
#include "lib/base/division.h"
#include "lib/base/text.h"
#include "lib/device/cpu/gemm_blocks.h"
#include "lib/device/cpu/simd/loop.h"

namespace dl {
namespace {

constexpr double least_flops_of_halves = 1e6;
constexpr int64_t few_rows = 8;
constexpr int64_t depth_unit = 2;            // bf16 is multiplied in pairs
constexpr int64_t cache_line = 16;           // floats
constexpr int64_t chunk_floats = 32 * 1024;  // of the product: stays in any second-level cache for its epilogue
constexpr int64_t most_chunk_rows = 168;
constexpr int64_t block_part =
    4;  // of the second-level cache, which the chunks of a block take, all of B being read for it
constexpr int64_t even_chunks = 8;               // their number is a multiple of it, so that threads have equally many
constexpr int64_t small_chunk = 2048;            // elements: so many chunks are made that their number costs little
constexpr int64_t least_of_library = 32;         // rows, columns and depth: below, its own copying costs too much
constexpr int64_t library_block_rows = 1024;     // it lays B out anew for each block
constexpr int64_t many_rows = 512;               // from here on, the epilogue follows each block of rows,
constexpr int64_t most_packed_floats = 2 << 20;  // unless reading a larger B for each costs more than that saves

// What packing B costs, in rows multiplied with it.
template <class T>
double packing_rows(const GemmOf<T>& g) {
  return g.b_column == 1 ? 4 : 10;
}

// Below, waking another thread costs more than it saves: two hand-overs of a few lines each.
double least_flops_a_thread(const Machine& m, Isa isa) { return m.flops(isa) * (0.5e-6 + 8e-9 * m.hand_over_ns); }

// What fetching an element costs that another core has written, in multiply-adds: a core has some ten lines under way,
// each for half of what it takes there and back.
double fetching(const Machine& m, Isa isa) {
  constexpr double lines_under_way = 10;
  return m.hand_over_ns * 1e-9 / 2 / lines_under_way / cache_line * m.flops(isa) / 2;
}

// What a part of a product costs its thread, in multiply-adds, when the product is cut into row_parts x column_parts
// and the largest part has rows x columns elements. A thread has its own share of the samples at hand: they are A's
// and C's rows, or the depth where A lies along the rows, as in a weight's gradient.
template <class T>
double part_cost(const GemmOf<T>& g, double rows, double columns, int row_parts, int column_parts, double packed_as,
                 double fetching) {
  const double depth = static_cast<double>(std::max<int64_t>(g.depth, 1));
  const auto of_others = [](int parts) { return 1.0 - 1.0 / parts; };
  const int parts = row_parts * column_parts;
  const bool samples_in_rows = g.a_depth == 1;
  const double a = rows * depth * of_others(samples_in_rows ? column_parts : parts);
  const double b = columns * depth * of_others(parts);
  const double c = samples_in_rows ? rows * columns * of_others(column_parts) : 0;
  return (rows + packed_as) * columns * depth + fetching * (a + b + c);
}

double flops_of(double rows, double columns, double depth) { return 2 * rows * columns * std::max(depth, 1.0); }

// Whether the sums are made in two halves and added: a weight's gradient, summed over samples that two threads have at
// hand, where the halves move less than the operands would.
template <class T>
bool sums_by_halves(const GemmOf<T>& g) {
  const auto rows = static_cast<double>(g.rows), columns = static_cast<double>(g.columns),
             depth = static_cast<double>(g.depth);
  return g.a_depth != 1 && 2 * rows * columns < depth * (rows + columns) &&
         flops_of(rows, columns, depth) >= least_flops_of_halves;
}

bool fits_library(const Gemm& g) { return std::min({g.rows, g.columns, g.depth}) >= least_of_library; }
bool fits_library(const Bf16Gemm&) { return false; }
std::string name_of(const Gemm& g, bool epilogue) { return product_name(g, epilogue); }
std::string name_of(const Bf16Gemm&, bool) { return {}; }

// A library's bits depend on how a product is cut: that is not to follow from what was measured.
const Machine any_machine{.f32_flops = {100e9, 100e9, 100e9}};

void multiply_by(const Blas& blas, const Gemm& g) {
  const bool a_turned = g.a_depth != 1, b_turned = g.b_column != 1;
  blas.sgemm(a_turned, b_turned, g.rows, g.columns, g.depth, g.a, a_turned ? g.a_depth : g.a_row, g.b,
             b_turned ? g.b_column : g.b_depth, g.c, g.c_row, g.accumulate);
}
void multiply_by(const Blas&, const Bf16Gemm&) {}

}  // namespace

template <>
const GemmKernels& gemm_kernels_of(const CpuDevice& device) {
  return device.gemm();
}
template <>
const Bf16GemmKernels& gemm_kernels_of(const CpuDevice& device) {
  return device.bf16_gemm();
}

template <class T>
ProductOf<T>::ProductOf(const GemmOf<T>& shape, CpuDevice& device, std::unique_ptr<LoopRunner> epilogue)
    : shape_(shape),
      device_(device),
      kernels_(gemm_kernels_of<T>(device)),
      destination_(std::move(epilogue)),
      packed_b_(device) {
  if (fits_library(shape)) {
    name_ = name_of(shape, destination_.has_epilogue());
    maker_ = device.product_makers().of(name_);
    blas_ = maker_.blas;
  }
  const Machine& machine = blas_ != nullptr ? any_machine : device.machine();
  few_rows_ = kernels_.multiply_few != nullptr && shape.rows <= few_rows && shape.a_depth == 1 && shape.b_depth == 1;
  by_rows_ = destination_.has_epilogue() && shape.rows >= many_rows &&
             (std::is_same_v<T, float> || shape.a_depth == 1) &&
             (blas_ != nullptr || kernels_.packed_floats(shape.columns, shape.depth) < most_packed_floats);

  const int team = device.team().size();
  if (destination_.has_epilogue()) plan_chunks();
  const double flops =
      flops_of(static_cast<double>(shape.rows), static_cast<double>(shape.columns), static_cast<double>(shape.depth));
  int threads = static_cast<int>(std::clamp(flops / least_flops_a_thread(machine, device.isa()), 1.0, double(team)));
  if (!destination_.has_epilogue() && sums_by_halves(shape)) {
    halves_ = 2;
    if (threads % 2 == 0) halves_at_once_ = 2;
    threads /= halves_at_once_;
    second_half_at_ = plan_.floats(shape.rows * shape.columns);
  }
  double best = 0;
  for (int rows = 1; rows <= threads; ++rows) {
    const int columns = threads / rows;
    const Range r = split(shape.rows, rows, 0, chunk_rows_), c = split(shape.columns, columns, 0, kernels_.pack_unit);
    const double cost = part_cost(shape, static_cast<double>(r.end), static_cast<double>(c.end), rows, columns,
                                  few_rows_ ? 0 : packing_rows(shape), fetching(machine, device.isa()));
    if (rows == 1 || cost < best) {
      best = cost;
      row_parts_ = rows;
      column_parts_ = columns;
    }
  }

  plan_blocks();
  destination_.plan(chunk_rows_, plan_);
  block_floats_ = round_up(block_chunks_ * chunk_rows_ * std::max<int64_t>(shape.columns, 1), cache_line);
  if (!destination_.keeps_product())
    product_at_ = plan_.floats(by_rows_ ? block_floats_ * team : shape.rows * shape.columns);
  if (by_rows_ && blas_ == nullptr) packed_at_ = plan_.floats(kernels_.packed_floats(shape.columns, shape.depth));
  if (!by_rows_ && !few_rows_ && blas_ == nullptr) {
    for (const GemmBlocks& blocks : candidates_)
      workspace_floats_ =
          std::max(workspace_floats_, round_up(kernels_.workspace(shape.columns, shape.depth, blocks), cache_line));
    workspace_at_ = plan_.floats(workspace_floats_ * team);
  }
}

// What a part of the product is like decides; the candidates are those of a whole one where there is no other.
template <class T>
void ProductOf<T>::plan_blocks() {
  candidates_ = {GemmBlocks{}};
  if constexpr (std::is_same_v<T, float>) {
    if (blas_ != nullptr || few_rows_) return;
    Gemm part = shape_;
    part.rows = by_rows_ ? block_chunks_ * chunk_rows_ : split(shape_.rows, row_parts_, 0, chunk_rows_).end;
    part.columns = split(shape_.columns, column_parts_, 0, kernels_.pack_unit).end;
    part.depth = split(shape_.depth, halves_, 0, depth_unit).end;
    candidates_ = likely_blocks(part, device_.machine(), device_.isa());
    shape_.blocks = candidates_[0];
    if (candidates_.size() == 1) return;
    std::string subject = concat("product ", name_of(device_.isa()), " ", device_.team().size(), " threads ",
                                 name_of(shape_, destination_.has_epilogue()));
    for (const GemmBlocks& b : candidates_) subject += " " + text_of(b);
    choice_ = &device_.choices().of(subject, static_cast<int>(candidates_.size()));
  }
}

template <class T>
void ProductOf<T>::stays(int input, const int64_t& changes) {
  if (input == 1 && blas_ == nullptr && !few_rows_ && halves_ == 1) packed_b_.watch(changes);
}

template <class T>
int64_t ProductOf<T>::packed_at(int part) const {
  int64_t floats = 0;
  for (int p = 0; p < part; ++p) {
    const Range columns = packed_columns(p);
    floats += round_up(kernels_.packed_floats(columns.end - columns.begin, shape_.depth), cache_line);
  }
  return floats;
}

template <class T>
const float* ProductOf<T>::packed_for_ever(const GemmOf<T>& g) {
  ThreadTeam& team = device_.team();
  return packed_b_.floats(packed_at(packed_parts()), [&](float* to) {
    team.run([&](int thread) {
      for (int p = 0; p < packed_parts(); ++p) {
        const Range all = packed_columns(p), mine = split(all.end - all.begin, team.size(), thread, kernels_.pack_unit);
        GemmOf<T> part = g;
        part.b += all.begin * g.b_column;
        part.columns = all.end - all.begin;
        if (!mine.empty()) kernels_.pack(part, mine.begin, mine.end, to + packed_at(p));
      }
    });
  });
}

template <class T>
std::string ProductOf<T>::way() const {
  if (blas_ != nullptr) return concat(blas_->title(), maker_.measured.empty() ? "" : "; ", maker_.measured);
  const std::string cut = few_rows_ ? "few rows" : halves_ == 2 ? "two halves" : by_rows_ ? "blocks of rows" : "parts";
  if (few_rows_ || !std::is_same_v<T, float>) return cut;
  return concat(cut, " ", text_of(candidates_[static_cast<size_t>(choice_ != nullptr ? choice_->now() : 0)]),
                packed_b_ ? ", weight kept" : "",
                choice_ == nullptr ? ""
                : choice_->open()  ? ", not timed yet"
                                   : ", by the clock",
                maker_.measured.empty() ? "" : "; ", maker_.measured);
}

template <class T>
void ProductOf<T>::plan_chunks() {
  const int64_t columns = std::max<int64_t>(shape_.columns, 1), rows = shape_.rows;
  int64_t chunks = rows * columns < 4 * even_chunks * small_chunk ? even_chunks : 4 * even_chunks;
  if (by_rows_) {
    const int64_t unit = kernels_.row_unit;
    const int64_t most = blas_ != nullptr
                             ? library_block_rows
                             : std::clamp(chunk_floats / columns / unit, int64_t{1}, most_chunk_rows / unit) * unit;
    chunks = round_up(ceil_div(rows, most), even_chunks);
  }
  chunk_rows_ = std::max(ceil_div(rows, chunks), int64_t{1});
  // Sums over rows follow from the chunks, and so their bits do not depend on the cache.
  const int64_t chunk_bytes = chunk_rows_ * columns * static_cast<int64_t>(sizeof(float));
  if (by_rows_ && blas_ == nullptr)
    block_chunks_ = std::clamp(device_.machine().l2_bytes / block_part / chunk_bytes, int64_t{1},
                               std::max(most_chunk_rows / chunk_rows_, int64_t{1}));
}

template <class T>
void ProductOf<T>::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  if (choice_ != nullptr) shape_.blocks = candidates_[static_cast<size_t>(choice_->now())];
  const bool open = choice_ != nullptr && choice_->open();
  ProductTimes* const times = name_.empty() ? nullptr : device_.product_times();
  if (!open && times == nullptr) return make(in, out, scratch);
  const double begin = steady_seconds();
  make(in, out, scratch);
  const double took = steady_seconds() - begin;
  if (open) choice_->took(took);
  if (times != nullptr) (*times)[name_].push_back(took);
}

template <class T>
void ProductOf<T>::make(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  GemmOf<T> g = shape_;
  g.a = static_cast<const T*>(in[0]);
  g.b = static_cast<const T*>(in[1]);
  if (packed_b_) packed_now_ = packed_for_ever(g);
  float* const product = destination_.begin(in, out, scratch);
  if (by_rows_) {
    multiply_and_pass_by_rows(g, product, scratch);
  } else {
    g.c = product != nullptr ? product : floats_at(scratch, product_at_);
    destination_.has_epilogue() ? multiply_then_pass(g, scratch) : multiply(g, scratch);
  }
  destination_.finish();
}

template <class T>
template <class F>
void ProductOf<T>::on_parts(F&& f) {
  const int parts = row_parts_ * column_parts_;
  const auto work = [&](int thread) {
    if (thread >= parts * halves_at_once_) return;
    const int part = thread % parts;
    const Range rows = split(shape_.rows, row_parts_, part / column_parts_, chunk_rows_);
    const int column_part = part % column_parts_;
    if (rows.empty() || columns_of(column_part).empty()) return;
    for (int half = thread / parts; half < halves_; half += halves_at_once_) f(thread, rows, column_part, half);
  };
  if (parts * halves_at_once_ == 1) {
    work(0);
  } else {
    device_.team().run(work);
  }
}

template <class T>
void ProductOf<T>::multiply_part(GemmOf<T> g, Range rows, int column_part, int thread, void* scratch) {
  const Range columns = columns_of(column_part);
  g.a += rows.begin * g.a_row;
  g.b += columns.begin * g.b_column;
  g.c += rows.begin * g.c_row + columns.begin;
  g.rows = rows.end - rows.begin;
  g.columns = columns.end - columns.begin;
  if (few_rows_) {
    kernels_.multiply_few(g);
  } else if (blas_ != nullptr) {
    multiply_by(*blas_, g);
  } else if (packed_now_ != nullptr) {
    kernels_.multiply_packed(g, packed_now_ + packed_at(column_part));
  } else {
    kernels_.multiply(g, floats_at(scratch, workspace_at_) + thread * workspace_floats_);
  }
}

template <class T>
void ProductOf<T>::multiply(const GemmOf<T>& g, void* scratch) {
  float* second_half = floats_at(scratch, second_half_at_);
  on_parts([&](int thread, Range rows, int column_part, int half) {
    const Range depth = split(g.depth, halves_, half, depth_unit);
    GemmOf<T> mine = g;
    mine.a += depth.begin * g.a_depth;
    mine.b += depth.begin * g.b_depth;
    mine.depth = depth.end - depth.begin;
    if (half == 1) mine.c = second_half;
    multiply_part(mine, rows, column_part, thread, scratch);
  });
  if (halves_ == 1) return;
  const LoopMap add = DL_FOR_ISA(device_.isa(), loop_maps).map[static_cast<int>(LoopCode::add)][0];
  device_.team().run([&](int thread) {
    const Range mine = split(g.rows * g.columns, device_.team().size(), thread, cache_line);
    add(g.c + mine.begin, g.c + mine.begin, second_half + mine.begin, nullptr, nullptr, mine.end - mine.begin);
  });
}

template <class T>
void ProductOf<T>::pass(const GemmOf<T>& g, Range rows, int thread) {
  for (int64_t first = rows.begin; first < rows.end; first += chunk_rows_) {
    const int64_t last = std::min(first + chunk_rows_, rows.end);
    destination_.rows(thread, first, last, g.c + first * g.c_row, g.c_row);
  }
}

template <class T>
void ProductOf<T>::multiply_then_pass(const GemmOf<T>& g, void* scratch) {
  if (column_parts_ == 1) {
    return on_parts([&](int thread, Range rows, int column_part, int) {
      multiply_part(g, rows, column_part, thread, scratch);
      pass(g, rows, thread);
    });
  }
  multiply(g, scratch);
  if (g.rows <= chunk_rows_) return pass(g, {0, g.rows}, 0);
  ThreadTeam& team = device_.team();
  team.run([&](int thread) { pass(g, split(g.rows, team.size(), thread, chunk_rows_), thread); });
}

template <class T>
void ProductOf<T>::multiply_and_pass_by_rows(const GemmOf<T>& g, float* product, void* scratch) {
  ThreadTeam& team = device_.team();
  float* const own = floats_at(scratch, packed_at_);
  const float* const packed = packed_now_ != nullptr ? packed_now_ : own;
  float* blocks = floats_at(scratch, product_at_);
  if (blas_ == nullptr && packed_now_ == nullptr)
    team.run([&](int thread) {
      const Range columns = split(g.columns, team.size(), thread, kernels_.pack_unit);
      kernels_.pack(g, columns.begin, columns.end, own);
    });
  const int64_t chunks = ceil_div(g.rows, chunk_rows_);
  team.run([&](int thread) {
    const Range mine = split(chunks, team.size(), thread);
    const auto row_of = [&](int64_t chunk) { return std::min(chunk * chunk_rows_, g.rows); };
    for (int64_t chunk = mine.begin; chunk < mine.end; chunk += block_chunks_) {
      const int64_t next = std::min(chunk + block_chunks_, mine.end);
      const int64_t first = row_of(chunk), last = row_of(next);
      GemmOf<T> block = g;
      block.a += first * g.a_row;
      block.rows = last - first;
      block.rows_after = row_of(std::min(next + block_chunks_, mine.end)) - last;
      block.c = product != nullptr ? product + first * g.c_row : blocks + thread * block_floats_;
      blas_ != nullptr ? multiply_by(*blas_, block) : kernels_.multiply_packed(block, packed);
      for (int64_t row = first; row < last; row += chunk_rows_)
        destination_.rows(thread, row, std::min(row + chunk_rows_, last), block.c + (row - first) * g.c_row, g.c_row);
    }
  });
}

template class ProductOf<float>;
template class ProductOf<uint16_t>;

}  // namespace dl
