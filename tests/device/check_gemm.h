// A blocked matrix product against three plain loops, and against itself in parts and with B packed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl::testing {

struct GemmSize {
  int64_t rows, columns, depth;
};

inline double number_of(float x) { return x; }
inline double number_of(uint16_t bf16) { return float_of_bf16(bf16); }

// Bit 0: A is transposed, 1: B is, 2: added to what C holds.
constexpr int gemm_layouts = 8;
template <class Gemm, class Number>
Gemm gemm_of(const GemmSize& size, const std::vector<Number>& a, const std::vector<Number>& b, int layout) {
  Gemm g{.rows = size.rows, .columns = size.columns, .depth = size.depth};
  g.a = a.data();
  g.a_row = layout & 1 ? 1 : size.depth;
  g.a_depth = layout & 1 ? size.rows : 1;
  g.b = b.data();
  g.b_depth = layout & 2 ? 1 : size.columns;
  g.b_column = layout & 2 ? size.depth : 1;
  g.c_row = size.columns + 3;
  g.accumulate = layout & 4;
  return g;
}

constexpr float in_c_before = 0.25f;
template <class Gemm>
std::vector<float> c_of(const Gemm& g) {
  return std::vector<float>(static_cast<size_t>(g.rows * g.c_row), in_c_before);
}

// The largest error of an element as a part of the sizes of its terms; infinite where something beside C was written.
template <class Gemm>
double worst_error(const Gemm& g, const std::vector<float>& c) {
  double worst = 0;
  for (int64_t i = 0; i < g.rows; ++i) {
    for (int64_t j = 0; j < g.columns; ++j) {
      double sum = g.accumulate ? in_c_before : 0, size = 1;
      for (int64_t k = 0; k < g.depth; ++k) {
        const double product =
            number_of(g.a[i * g.a_row + k * g.a_depth]) * number_of(g.b[k * g.b_depth + j * g.b_column]);
        sum += product;
        size += std::abs(product);
      }
      const double error = std::abs(double{c[static_cast<size_t>(i * g.c_row + j)]} - sum) / size;
      worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
    }
    for (int64_t j = g.columns; j < g.c_row; ++j)
      if (c[static_cast<size_t>(i * g.c_row + j)] != in_c_before) worst = INFINITY;
  }
  return worst;
}

// The product, and the same bits when rows and columns are computed in parts and, where `packs`, with B packed.
template <class Gemm, class Kernels>
void check_product(const Kernels& kernels, Gemm g, bool packs) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> workspace(static_cast<size_t>(kernels.workspace(g.columns, g.depth, g.blocks)), nan);
  std::vector<float> c = c_of(g);
  g.c = c.data();
  kernels.multiply(g, workspace.data());
  CHECK(worst_error(g, c) < 1e-6);

  std::vector<float> parts = c_of(g);
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

  if (!packs) return;
  std::vector<float> packed(static_cast<size_t>(kernels.packed_floats(g.columns, g.depth)), nan);
  const int64_t middle = std::min(g.columns, kernels.pack_unit);
  kernels.pack(g, 0, middle, packed.data());
  kernels.pack(g, middle, g.columns, packed.data());
  std::vector<float> with_packed = c_of(g);
  g.c = with_packed.data();
  g.b = nullptr;
  kernels.multiply_packed(g, packed.data());
  CHECK(with_packed == c);
}

}  // namespace dl::testing
