// The blocked matrix product against three plain loops, for each instruction set that this machine has.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/cpu.h"
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
                          {115, 300, 512},                                 // crowded, see spaced.h
                          {121, 193, 385}, {250, 1040, 70}, {29, 192, 3},  // just packed
                          {11, 100, 700},  {24, 67, 256}};                 // by rows of B

std::vector<float> product_of(const GemmKernels& kernels, Gemm g) {
  std::vector<float> c = c_of(g), workspace(static_cast<size_t>(kernels.workspace(g.columns, g.depth, g.blocks)) + 16);
  g.c = c.data();
  kernels.multiply(g, workspace.data());
  return c;
}

// The members of the family, from the least blocks to the largest.
const GemmBlocks members[] = {{},
                              {true, 112, 512},
                              {false, 1, 1},
                              {true, 1, 33},
                              {true, most_block_rows, most_block_columns, 1 << 20},
                              {false, most_block_rows, most_block_columns, 0},
                              {true, 30, 200},
                              {false, 84, 96}};

}  // namespace

TEST_CASE("a matrix product equals three plain loops for every size, layout, instruction set and choice of blocks") {
  for (Isa isa : supported_isas()) {
    const GemmKernels& kernels = DL_FOR_ISA(isa, gemm_kernels);
    for (const GemmSize& size : sizes) {
      const std::vector<float> a = random_numbers(size.rows * size.depth + 1, 1, -0.5f, 0.5f);
      const std::vector<float> b = random_numbers(size.depth * size.columns + 1, 2, -0.5f, 0.5f);
      for (int layout = 0; layout < gemm_layouts; ++layout) {
        INFO(name_of(isa), " ", size.rows, "x", size.columns, "x", size.depth, " layout ", layout);
        Gemm g = gemm_of<Gemm>(size, a, b, layout);
        for (const bool packs : {false, true}) {
          g.blocks.packs_left = packs;
          check_product(kernels, g, true);
        }
        const std::vector<float> first = product_of(kernels, g);
        for (const GemmBlocks& blocks : members) {
          g.blocks = blocks;
          CHECK(product_of(kernels, g) == first);
        }
        if (g.a_depth != 1 || g.b_depth != 1 || size.depth == 0) continue;
        std::vector<float> few = c_of(g);
        g.c = few.data();
        kernels.multiply_few(g, 1);
        CHECK(worst_error(g, few) < 1e-6);
        Gemm turned = g;  // its columns, two rows apart
        turned.c_row = 2;
        std::vector<float> apart(static_cast<size_t>(2 * size.rows * size.columns), in_c_before);
        turned.c = apart.data();
        kernels.multiply_few(turned, 2 * size.rows);
        int64_t wrong = 0;
        for (int64_t r = 0; r < size.rows; ++r) {
          for (int64_t j = 0; j < size.columns; ++j) {
            const size_t at = static_cast<size_t>(2 * (j * size.rows + r));
            wrong += apart[at] != few[static_cast<size_t>(r * g.c_row + j)] || apart[at + 1] != in_c_before;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

// What the machine is like, and whose turn it is, must not show: neither in a product alone, in one whose sums are made
// in two halves, nor in one with an epilogue.
TEST_CASE("a program computes the same bits on machines of every kind, whichever candidates have their turns") {
  Machine small{.l1_bytes = 16 << 10, .l2_bytes = 64 << 10, .l3_bytes = 0};
  small.hand_over_ns = 1000;
  Machine large{.l2_bytes = 8 << 20, .l3_bytes = 512 << 20};
  large.hand_over_ns = 20;
  const Type x{DType::f32, {520, 210}}, w{DType::f32, {260, 210}};
  for (const Isa isa : supported_isas()) {
    std::vector<std::vector<float>> first;
    for (const Machine& machine : {small, Machine{}, large}) {
      for (const int threads : {1, 2, 3}) {
        CpuDevice device({.threads = threads}, isa, machine);
        CAPTURE(device.description());
        Store store(device);
        Graph graph;
        const Value a = input(graph, "a", x), b = input(graph, "b", w);
        const Value y = matmul(a, b, false, true);
        graph.output("forward", y * y + constant(graph, 0.25));
        graph.output("sums", sum(y * y, {0}));
        graph.output("input gradient", matmul(y, b));
        graph.output("weight gradient", matmul(y, a, true, false));
        Program program(graph, store);
        const std::vector<float> xs = random_numbers(x.shape.elements(), 1), ws = random_numbers(w.shape.elements(), 2);
        for (int run = 0; run < 4 * Choice::rounds; ++run) {
          program.feed("a", xs);
          program.feed("b", ws);
          program.run();
          if (run > 5 && run < 3 * Choice::rounds) continue;
          std::vector<std::vector<float>> now;
          for (const char* name : {"forward", "sums", "input gradient", "weight gradient"})
            now.push_back(program.read(name));
          if (first.empty()) first = now;
          CHECK(now == first);
        }
      }
    }
  }
}

}  // namespace dl::testing
