// Products of parts, side by side. An element's bits do not depend on the division, see simd/gemm.h.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product.h"

#include <algorithm>
#include <type_traits>

#include "lib/base/clock.h"
#include "lib/base/division.h"
#include "lib/base/text.h"
#include "lib/device/cpu/gemm_blocks.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/transpose.h"

namespace dl {
namespace {

constexpr int64_t cache_line = 16;        // floats
constexpr int64_t least_of_library = 32;  // rows, columns and depth: below, its own copying costs too much

bool fits_library(const Gemm& g) { return std::min({g.rows, g.columns, g.depth}) >= least_of_library; }
bool fits_library(const Bf16Gemm&) { return false; }
std::string name_of(const Gemm& g, bool epilogue) { return product_name(g, epilogue); }
std::string name_of(const Bf16Gemm&, bool) { return {}; }

void multiply_by(const Blas& blas, const Gemm& g) {
  const bool a_turned = g.a_depth != 1, b_turned = g.b_column != 1;
  blas.sgemm(a_turned, b_turned, g.rows, g.columns, g.depth, g.a, a_turned ? g.a_depth : g.a_row, g.b,
             b_turned ? g.b_column : g.b_depth, g.c, g.c_row, g.accumulate);
}
void multiply_by(const Blas&, const Bf16Gemm&) {}

// The transposed product, whose columns lie c_row apart.
template <class T>
GemmOf<T> turned(GemmOf<T> g) {
  std::swap(g.a, g.b);
  std::swap(g.a_row, g.b_column);
  std::swap(g.rows, g.columns);
  g.c_row = 1;
  return g;
}

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
  divided_ = divide_product(shape, kernels_, device, destination_.has_epilogue(), blas_ != nullptr);
  if (divided_.halves == 2 && !adds_second_half()) second_half_at_ = plan_.floats(shape.rows * shape.columns);
  plan_blocks();
  destination_.plan(divided_.chunk_rows, plan_);
  block_floats_ =
      round_up(divided_.block_chunks * divided_.chunk_rows * std::max<int64_t>(shape.columns, 1), cache_line);
  if (!destination_.keeps_product())
    product_at_ = plan_.floats(divided_.by_rows ? block_floats_ * device.team().size() : shape.rows * shape.columns);
  if (divided_.by_rows && blas_ == nullptr)
    packed_at_ = plan_.floats(kernels_.packed_floats(shape.columns, shape.depth));
  if (!divided_.by_rows && !divided_.along_depth() && blas_ == nullptr) {
    const int64_t packed = divided_.turned ? shape.rows : shape.columns;
    for (const GemmBlocks& blocks : candidates_)
      workspace_floats_ =
          std::max(workspace_floats_, round_up(kernels_.workspace(packed, shape.depth, blocks), cache_line));
    workspace_at_ = plan_.floats(workspace_floats_ * device.team().size());
  }
  if (divided_.turned) turned_at_ = plan_.floats(turned_floats_ * device.team().size());
}

// What a part of the product is like decides; the candidates are those of a whole one where there is no other.
template <class T>
void ProductOf<T>::plan_blocks() {
  candidates_ = {GemmBlocks{}};
  if constexpr (std::is_same_v<T, float>) {
    if (blas_ != nullptr || divided_.along_depth()) return;
    Gemm part = shape_;
    part.rows = divided_.by_rows ? divided_.block_chunks * divided_.chunk_rows
                                 : split(shape_.rows, divided_.row_parts, 0, divided_.chunk_rows).end;
    part.columns = split(shape_.columns, divided_.column_parts, 0, kernels_.pack_unit).end;
    part.depth = split(shape_.depth, divided_.halves, 0, ProductDivision::depth_unit).end;
    if (divided_.turned) {
      part.columns = std::min(part.columns, divided_.turned_columns);
      turned_floats_ = round_up(part.rows * part.columns, cache_line);
      part = turned(part);
    }
    candidates_ = likely_blocks(part, device_.machine(), device_.isa());
    part.blocks = candidates_[0];
    b_by_rows_ = !divided_.by_rows && !packed_b_ && reads_b_by_rows(part, kernels_.row_unit);
    if (b_by_rows_) candidates_ = {{.columns = most_block_columns, .resident_bytes = part.blocks.resident_bytes}};
    shape_.blocks = candidates_[0];
    if (candidates_.size() == 1) return;
    std::string subject = concat("product ", name_of(device_.isa()), " ", device_.team().size(), " threads ",
                                 name_of(shape_, destination_.has_epilogue()), divided_.turned ? " turned" : "");
    for (const GemmBlocks& b : candidates_) subject += " " + text_of(b);
    choice_ = &device_.choices().of(subject, static_cast<int>(candidates_.size()));
  }
}

template <class T>
void ProductOf<T>::stays(int input, const int64_t& changes) {
  if (input != 1 || blas_ != nullptr || divided_.along_depth() || divided_.halves != 1) return;
  packed_b_.watch(changes);
  divided_ = divide_product(shape_, kernels_, device_, destination_.has_epilogue(), false, true);
  choice_ = nullptr;
  plan_blocks();
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
  const int parts = divided_.row_parts * divided_.column_parts;
  const std::string grid = parts == 1 ? "whole" : concat(divided_.row_parts, "x", divided_.column_parts, " parts");
  const std::string cut = divided_.few_rows      ? "few rows"
                          : divided_.few_columns ? "few columns"
                          : divided_.halves == 2 ? "two halves"
                          : divided_.by_rows     ? "blocks of rows"
                          : divided_.turned      ? concat("turned ", grid)
                                                 : grid;
  if (divided_.along_depth() || !std::is_same_v<T, float>) return cut;
  const GemmBlocks& blocks = candidates_[static_cast<size_t>(choice_ != nullptr ? choice_->now() : 0)];
  return concat(cut, " ", b_by_rows_ ? "by rows of B" : text_of(blocks), packed_b_ ? ", weight kept" : "",
                choice_ == nullptr ? ""
                : choice_->open()  ? ", not timed yet"
                                   : ", by the clock",
                maker_.measured.empty() ? "" : "; ", maker_.measured);
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
  if (divided_.by_rows) {
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
  const int parts = divided_.row_parts * divided_.column_parts;
  const auto work = [&](int thread) {
    if (thread >= parts * divided_.halves_at_once) return;
    const int part = thread % parts;
    const Range rows = split(shape_.rows, divided_.row_parts, part / divided_.column_parts, divided_.chunk_rows);
    const int column_part = part % divided_.column_parts;
    if (rows.empty() || columns_of(column_part).empty()) return;
    for (int half = thread / parts; half < divided_.halves; half += divided_.halves_at_once)
      f(thread, rows, column_part, half);
  };
  if (parts * divided_.halves_at_once == 1) {
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
  if (divided_.few_rows) {
    kernels_.multiply_few(g, 1);
  } else if (divided_.few_columns) {
    kernels_.multiply_few(turned(g), g.c_row);
  } else if (blas_ != nullptr) {
    multiply_by(*blas_, g);
  } else if (packed_now_ != nullptr) {
    kernels_.multiply_packed(g, packed_now_ + packed_at(column_part));
  } else if (divided_.turned) {
    multiply_turned(g, thread, scratch);
  } else {
    kernels_.multiply(g, floats_at(scratch, workspace_at_) + thread * workspace_floats_);
  }
}

// The transposed product in memory of the thread's own, some columns of C at a time, and from there to its place.
template <class T>
void ProductOf<T>::multiply_turned(const GemmOf<T>& g, int thread, void* scratch) {
  const TransposeKernels& kernels = DL_FOR_ISA(device_.isa(), transpose_kernels);
  GemmOf<T> block = turned(g);
  block.c = floats_at(scratch, turned_at_) + thread * turned_floats_;
  block.c_row = g.rows;
  for (int64_t column = 0; column < g.columns; column += block.rows) {
    block.rows = std::min(divided_.turned_columns, g.columns - column);
    block.rows_after = std::min(divided_.turned_columns, g.columns - column - block.rows);
    kernels_.multiply(block, floats_at(scratch, workspace_at_) + thread * workspace_floats_);
    kernels.words(block.c, block.c_row, block.rows, g.rows, g.c + column, g.c_row);
    block.a += block.rows * block.a_row;
  }
}

template <class T>
bool ProductOf<T>::adds_second_half() const {
  return divided_.halves == 2 && divided_.halves_at_once == 1 && std::is_same_v<T, float> && blas_ == nullptr &&
         split(shape_.depth, 2, 0, ProductDivision::depth_unit).end <= gemm_depth_block;
}

template <class T>
void ProductOf<T>::multiply(const GemmOf<T>& g, void* scratch) {
  float* second_half = floats_at(scratch, second_half_at_);
  const bool added = adds_second_half();
  on_parts([&](int thread, Range rows, int column_part, int half) {
    const Range depth = split(g.depth, divided_.halves, half, ProductDivision::depth_unit);
    GemmOf<T> mine = g;
    mine.a += depth.begin * g.a_depth;
    mine.b += depth.begin * g.b_depth;
    mine.depth = depth.end - depth.begin;
    if (half == 1 && added) mine.accumulate = true;
    if (half == 1 && !added) mine.c = second_half;
    multiply_part(mine, rows, column_part, thread, scratch);
  });
  if (divided_.halves == 1 || added) return;
  const LoopMap add = DL_FOR_ISA(device_.isa(), loop_maps).map[static_cast<int>(LoopCode::add)][0];
  device_.team().run([&](int thread) {
    const Range mine = split(g.rows * g.columns, device_.team().size(), thread, cache_line);
    add(g.c + mine.begin, g.c + mine.begin, second_half + mine.begin, nullptr, nullptr, mine.end - mine.begin);
  });
}

template <class T>
void ProductOf<T>::pass(const GemmOf<T>& g, Range rows, int thread) {
  for (int64_t first = rows.begin; first < rows.end; first += divided_.chunk_rows) {
    const int64_t last = std::min(first + divided_.chunk_rows, rows.end);
    destination_.rows(thread, first, last, g.c + first * g.c_row, g.c_row);
  }
}

template <class T>
void ProductOf<T>::multiply_then_pass(const GemmOf<T>& g, void* scratch) {
  if (divided_.column_parts == 1) {
    return on_parts([&](int thread, Range rows, int column_part, int) {
      multiply_part(g, rows, column_part, thread, scratch);
      pass(g, rows, thread);
    });
  }
  multiply(g, scratch);
  if (g.rows <= divided_.chunk_rows) return pass(g, {0, g.rows}, 0);
  ThreadTeam& team = device_.team();
  team.run([&](int thread) { pass(g, split(g.rows, team.size(), thread, divided_.chunk_rows), thread); });
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
  const int64_t chunks = ceil_div(g.rows, divided_.chunk_rows);
  team.run([&](int thread) {
    const Range mine = split(chunks, team.size(), thread);
    const auto row_of = [&](int64_t chunk) { return std::min(chunk * divided_.chunk_rows, g.rows); };
    for (int64_t chunk = mine.begin; chunk < mine.end; chunk += divided_.block_chunks) {
      const int64_t next = std::min(chunk + divided_.block_chunks, mine.end);
      const int64_t first = row_of(chunk), last = row_of(next);
      GemmOf<T> block = g;
      block.a += first * g.a_row;
      block.rows = last - first;
      block.rows_after = row_of(std::min(next + divided_.block_chunks, mine.end)) - last;
      block.c = product != nullptr ? product + first * g.c_row : blocks + thread * block_floats_;
      blas_ != nullptr ? multiply_by(*blas_, block) : kernels_.multiply_packed(block, packed);
      for (int64_t row = first; row < last; row += divided_.chunk_rows)
        destination_.rows(thread, row, std::min(row + divided_.chunk_rows, last), block.c + (row - first) * g.c_row,
                          g.c_row);
    }
  });
}

template class ProductOf<float>;
template class ProductOf<uint16_t>;

}  // namespace dl
