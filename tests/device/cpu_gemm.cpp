// The blocked matrix product against three plain loops, for each instruction set that this machine has.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/isa.h"
#include "tests/device/check_gemm.h"
#include "tests/evaluate.h"

namespace dl::testing {
namespace {

// Sizes around every boundary of the blocking: tiles, vectors, panels, blocks of depth, rows and columns.
const GemmSize sizes[] = {{1, 1, 1},       {1, 10, 300},    {2, 3, 4},     {3, 17, 5},       {5, 33, 16},
                          {6, 64, 257},    {7, 48, 31},     {14, 32, 256}, {15, 100, 17},    {29, 130, 40},
                          {64, 10, 84},    {33, 129, 300},  {128, 16, 9},  {171, 145, 20},   {40, 560, 19},
                          {200, 1, 3},     {13, 80, 0},     {61, 47, 513}, {130, 300, 1024}, {1024, 200, 60},
                          {115, 300, 512},                                  // crowded, see spaced.h
                          {121, 193, 385}, {250, 1040, 70}, {29, 192, 3}};  // just packed

std::vector<float> product_of(const GemmKernels& kernels, Gemm g) {
  std::vector<float> c = c_of(g), workspace(static_cast<size_t>(kernels.workspace(g.columns, g.depth)) + 16);
  g.c = c.data();
  kernels.multiply(g, workspace.data());
  return c;
}

}  // namespace

TEST_CASE("which member of the family makes products follows from the processor") {
  CHECK(packs_left_factor(Isa::avx2, "AuthenticAMD"));
  CHECK(packs_left_factor(Isa::avx512, "GenuineIntel"));
  CHECK_FALSE(packs_left_factor(Isa::avx512, "AuthenticAMD"));
  CHECK_FALSE(packs_left_factor(Isa::portable, "GenuineIntel"));
}

TEST_CASE("a matrix product equals three plain loops for every size, layout and instruction set") {
  for (Isa isa : supported_isas()) {
    const GemmKernels& kernels = DL_FOR_ISA(isa, gemm_kernels);
    const GemmKernels& packing = DL_FOR_ISA(isa, packing_gemm_kernels);
    for (const GemmSize& size : sizes) {
      const std::vector<float> a = random_numbers(size.rows * size.depth + 1, 1, -0.5f, 0.5f);
      const std::vector<float> b = random_numbers(size.depth * size.columns + 1, 2, -0.5f, 0.5f);
      for (int layout = 0; layout < gemm_layouts; ++layout) {
        INFO(name_of(isa), " ", size.rows, "x", size.columns, "x", size.depth, " layout ", layout);
        Gemm g = gemm_of<Gemm>(size, a, b, layout);
        check_product(kernels, g, true);
        check_product(packing, g, true);
        CHECK(product_of(packing, g) == product_of(kernels, g));
        if (g.a_depth != 1 || g.b_depth != 1 || size.depth == 0) continue;
        std::vector<float> few = c_of(g);
        g.c = few.data();
        kernels.multiply_few(g);
        CHECK(worst_error(g, few) < 1e-6);
      }
    }
  }
}

}  // namespace dl::testing
