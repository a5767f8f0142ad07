// The blocked matrix product against three plain loops, for each instruction set that this machine has.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl {
namespace {

std::vector<float> random_values(int64_t n, uint64_t stream) {
  std::vector<float> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) values[i] = random_uniform(stream, 0, i) - 0.5f;
  return values;
}

struct Case {
  int64_t rows, columns, depth;
};

// Sizes around every boundary of the blocking: tiles, vectors, panels, blocks of depth, rows and columns.
const Case cases[] = {{1, 1, 1},        {1, 10, 300},    {2, 3, 4},      {3, 17, 5},    {5, 33, 16},  {6, 64, 257},
                      {7, 48, 31},      {14, 32, 256},   {15, 100, 17},  {29, 130, 40}, {64, 10, 84}, {33, 129, 300},
                      {128, 16, 9},     {171, 145, 20},  {40, 560, 19},  {200, 1, 3},   {13, 80, 0},  {61, 47, 513},
                      {130, 300, 1024}, {1024, 200, 60}, {115, 300, 512}};  // crowded, see spaced.h

void check(const Gemm& g, const std::vector<float>& c, float before, const char* way) {
  int64_t wrong = 0;
  double worst = 0;
  for (int64_t i = 0; i < g.rows; ++i) {
    for (int64_t j = 0; j < g.columns; ++j) {
      double sum = g.accumulate ? before : 0, size = 1;
      for (int64_t k = 0; k < g.depth; ++k) {
        const double product = double{g.a[i * g.a_row + k * g.a_depth]} * g.b[k * g.b_depth + j * g.b_column];
        sum += product;
        size += std::abs(product);
      }
      const double error = std::abs(double{c[static_cast<size_t>(i * g.c_row + j)]} - sum) / size;
      if (!(error < 1e-6)) ++wrong;
      worst = std::max(worst, error);
    }
    for (int64_t j = g.columns; j < g.c_row; ++j) wrong += c[static_cast<size_t>(i * g.c_row + j)] != before;
  }
  INFO(way, " ", g.rows, "x", g.columns, "x", g.depth, " a_row ", g.a_row, " b_column ", g.b_column, " accumulate ",
       g.accumulate, " worst ", worst);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a matrix product equals three plain loops for every size, layout and instruction set") {
  for (Isa isa : supported_isas()) {
    const GemmKernels& kernels = DL_FOR_ISA(isa, gemm_kernels);
    CAPTURE(name_of(isa));
    for (const Case& size : cases) {
      const std::vector<float> a = random_values(size.rows * size.depth + 1, 1);
      const std::vector<float> b = random_values(size.depth * size.columns + 1, 2);
      for (int layout = 0; layout < 8; ++layout) {
        Gemm g{.rows = size.rows, .columns = size.columns, .depth = size.depth};
        g.a = a.data();
        g.a_row = layout & 1 ? 1 : size.depth;
        g.a_depth = layout & 1 ? size.rows : 1;
        g.b = b.data();
        g.b_depth = layout & 2 ? 1 : size.columns;
        g.b_column = layout & 2 ? size.depth : 1;
        g.c_row = size.columns + 3;
        g.accumulate = layout & 4;
        const float before = 0.25f;
        const auto filled = [&] { return std::vector<float>(static_cast<size_t>(g.rows * g.c_row), before); };
        std::vector<float> workspace(static_cast<size_t>(kernels.workspace(g.columns, g.depth)),
                                     std::numeric_limits<float>::quiet_NaN());

        std::vector<float> c = filled();
        g.c = c.data();
        kernels.multiply(g, workspace.data());
        check(g, c, before, "multiply");

        // The same bits when rows and columns are computed in parts.
        std::vector<float> parts = filled();
        for (int64_t i = 0; i < g.rows; i += 5) {
          for (int64_t j = 0; j < g.columns; j += kernels.pack_unit) {
            Gemm part = g;
            part.a += i * g.a_row;
            part.b += j * g.b_column;
            part.c = parts.data() + i * g.c_row + j;
            part.rows = std::min<int64_t>(5, g.rows - i);
            part.columns = std::min(kernels.pack_unit, g.columns - j);
            kernels.multiply(part, workspace.data());
          }
        }
        CHECK(parts == c);

        std::vector<float> packed(static_cast<size_t>(kernels.packed_floats(g.columns, g.depth)),
                                  std::numeric_limits<float>::quiet_NaN());
        const int64_t middle = std::min(g.columns, kernels.pack_unit);
        kernels.pack(g, 0, middle, packed.data());
        kernels.pack(g, middle, g.columns, packed.data());
        std::vector<float> with_packed = filled();
        g.c = with_packed.data();
        g.b = nullptr;
        kernels.multiply_packed(g, packed.data());
        CHECK(with_packed == c);

        if (g.a_depth == 1 && g.b_depth == 1 && size.depth > 0) {
          std::vector<float> few = filled();
          g.b = b.data();
          g.c = few.data();
          kernels.multiply_few(g);
          check(g, few, before, "multiply_few");
        }
      }
    }
  }
}

}  // namespace dl
