// The blocked matrix product of bf16 against three plain loops, for each instruction set and unit of this machine, and
// on emulated tiles.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/simd/gemm.h"
#include "tests/amx/emulated_gemm.h"

namespace dl {
namespace {

// Not a multiple of anything, and what lies behind the last element is not a number.
std::vector<uint16_t> random_bf16(int64_t n, uint64_t stream) {
  std::vector<uint16_t> values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(bf16_of_float(random_uniform(stream, 0, static_cast<uint64_t>(i)) - 0.5f));
  values.push_back(bf16_of_float(std::numeric_limits<float>::quiet_NaN()));
  return values;
}

struct Case {
  int64_t rows, columns, depth;
};

// Sizes around every boundary of the blocking: tiles, vectors, panels, pairs, blocks of depth, rows and columns.
const Case cases[] = {{1, 1, 1},        {1, 10, 300},    {2, 3, 4},     {3, 17, 5},    {5, 33, 16},  {6, 64, 257},
                      {7, 48, 31},      {14, 32, 256},   {15, 100, 17}, {29, 130, 40}, {64, 10, 84}, {33, 129, 300},
                      {128, 16, 9},     {171, 145, 20},  {40, 560, 19}, {200, 1, 3},   {13, 80, 0},  {33, 47, 1601},
                      {120, 300, 2048}, {115, 200, 1024}};  // crowded, see spaced.h

// The largest error of an element as a part of the sizes of its terms, which bf16 holds exactly; infinite where
// something beside C was written.
double worst_error(const Bf16Gemm& g, const std::vector<float>& c, float before) {
  double worst = 0;
  for (int64_t i = 0; i < g.rows; ++i) {
    for (int64_t j = 0; j < g.columns; ++j) {
      double sum = g.accumulate ? before : 0, size = 1;
      for (int64_t k = 0; k < g.depth; ++k) {
        const double product = double{float_of_bf16(g.a[i * g.a_row + k * g.a_depth])} *
                               double{float_of_bf16(g.b[k * g.b_depth + j * g.b_column])};
        sum += product;
        size += std::abs(product);
      }
      const double error = std::abs(double{c[static_cast<size_t>(i * g.c_row + j)]} - sum) / size;
      worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
    }
    for (int64_t j = g.columns; j < g.c_row; ++j) {
      if (c[static_cast<size_t>(i * g.c_row + j)] != before) worst = INFINITY;
    }
  }
  return worst;
}

void check_layout(const Bf16GemmKernels& kernels, Bf16Gemm g) {
  const float before = 0.25f, nan = std::numeric_limits<float>::quiet_NaN();
  const auto filled = [&] { return std::vector<float>(static_cast<size_t>(g.rows * g.c_row), before); };
  std::vector<float> workspace(static_cast<size_t>(kernels.workspace(g.columns, g.depth)), nan);
  std::vector<float> c = filled();
  g.c = c.data();
  kernels.multiply(g, workspace.data());
  CHECK(worst_error(g, c, before) < 1e-6);

  // The same bits when rows and columns are computed in parts.
  std::vector<float> parts = filled();
  for (int64_t i = 0; i < g.rows; i += 5) {
    for (int64_t j = 0; j < g.columns; j += kernels.pack_unit) {
      Bf16Gemm part = g;
      part.a += i * g.a_row;
      part.b += j * g.b_column;
      part.c = parts.data() + i * g.c_row + j;
      part.rows = std::min<int64_t>(5, g.rows - i);
      part.columns = std::min(kernels.pack_unit, g.columns - j);
      kernels.multiply(part, workspace.data());
    }
  }
  CHECK(parts == c);

  if (g.a_depth != 1) return;
  std::vector<float> packed(static_cast<size_t>(kernels.packed_floats(g.columns, g.depth)), nan);
  const int64_t middle = std::min(g.columns, kernels.pack_unit);
  kernels.pack(g, 0, middle, packed.data());
  kernels.pack(g, middle, g.columns, packed.data());
  std::vector<float> with_packed = filled();
  g.c = with_packed.data();
  g.b = nullptr;
  kernels.multiply_packed(g, packed.data());
  CHECK(with_packed == c);
}

void check_every_layout(const Bf16GemmKernels& kernels, const Case& size) {
  const std::vector<uint16_t> a = random_bf16(size.rows * size.depth, 1);
  const std::vector<uint16_t> b = random_bf16(size.depth * size.columns, 2);
  for (int layout = 0; layout < 8; ++layout) {
    INFO(size.rows, "x", size.columns, "x", size.depth, " layout ", layout);
    Bf16Gemm g{.rows = size.rows, .columns = size.columns, .depth = size.depth};
    g.a = a.data();
    g.a_row = layout & 1 ? 1 : size.depth;
    g.a_depth = layout & 1 ? size.rows : 1;
    g.b = b.data();
    g.b_depth = layout & 2 ? 1 : size.columns;
    g.b_column = layout & 2 ? size.depth : 1;
    g.c_row = size.columns + 3;
    g.accumulate = layout & 4;
    check_layout(kernels, g);
  }
}

}  // namespace

TEST_CASE("a matrix product of bf16 equals three plain loops for every size, layout, instruction set and unit") {
  for (Isa isa : supported_isas()) {
    for (Bf16Unit unit : supported_bf16_units()) {
      INFO(name_of(isa), " ", name_of(unit));
      for (const Case& size : cases) check_every_layout(DL_FOR_BF16_TILES(isa, unit, bf16_gemm_kernels), size);
    }
  }
}

TEST_CASE("a matrix product of bf16 on emulated tiles equals three plain loops for every size and layout") {
  for (const Case& size : cases) check_every_layout(amx_emulated::bf16_gemm_kernels, size);
}

}  // namespace dl
