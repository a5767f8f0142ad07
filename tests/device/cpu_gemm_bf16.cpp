// The blocked matrix product of bf16 against three plain loops, for each instruction set and unit of this machine, and
// on emulated tiles.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/random.h"
#include "lib/device/cpu/isa.h"
#include "tests/amx/emulated_gemm.h"
#include "tests/device/check_gemm.h"

namespace dl::testing {
namespace {

// Not a multiple of anything, and what lies behind the last element is not a number.
std::vector<uint16_t> random_bf16(int64_t n, uint64_t stream) {
  std::vector<uint16_t> values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(bf16_of_float(random_uniform(stream, 0, static_cast<uint64_t>(i)) - 0.5f));
  values.push_back(bf16_of_float(std::numeric_limits<float>::quiet_NaN()));
  return values;
}

// Sizes around every boundary of the blocking: tiles, vectors, panels, pairs, blocks of depth, rows and columns.
const GemmSize sizes[] = {{1, 1, 1},        {1, 10, 300},    {2, 3, 4},     {3, 17, 5},    {5, 33, 16},  {6, 64, 257},
                          {7, 48, 31},      {14, 32, 256},   {15, 100, 17}, {29, 130, 40}, {64, 10, 84}, {33, 129, 300},
                          {128, 16, 9},     {171, 145, 20},  {40, 560, 19}, {200, 1, 3},   {13, 80, 0},  {33, 47, 1601},
                          {120, 300, 2048}, {115, 200, 1024}};  // crowded, see spaced.h

void check_every_layout(const Bf16GemmKernels& kernels, const GemmSize& size) {
  const std::vector<uint16_t> a = random_bf16(size.rows * size.depth, 1);
  const std::vector<uint16_t> b = random_bf16(size.depth * size.columns, 2);
  for (int layout = 0; layout < gemm_layouts; ++layout) {
    INFO(size.rows, "x", size.columns, "x", size.depth, " layout ", layout);
    const Bf16Gemm g = gemm_of<Bf16Gemm>(size, a, b, layout);
    check_product(kernels, g, g.a_depth == 1);
  }
}

}  // namespace

TEST_CASE("a matrix product of bf16 equals three plain loops for every size, layout, instruction set and unit") {
  for (Isa isa : supported_isas()) {
    for (Bf16Unit unit : supported_bf16_units()) {
      INFO(name_of(isa), " ", name_of(unit));
      for (const GemmSize& size : sizes) check_every_layout(DL_FOR_BF16_TILES(isa, unit, bf16_gemm_kernels), size);
    }
  }
}

TEST_CASE("a matrix product of bf16 on emulated tiles equals three plain loops for every size and layout") {
  for (const GemmSize& size : sizes) check_every_layout(amx_emulated::bf16_gemm_kernels, size);
}

}  // namespace dl::testing
