// The description of the machine, and what follows from it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/machine.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/cache_file.h"
#include "lib/device/cpu/gemm_blocks.h"
#include "tests/cache_home.h"

namespace dl::testing {
namespace {

// Three kinds of machine: with small caches and slow memory; with large ones; and one whose multiply-adds, not its
// instructions, are the limit.
Machine small_machine() {
  Machine m{.l1_bytes = 32 << 10, .l2_bytes = 128 << 10, .l3_bytes = 1 << 20};
  m.l2_rate = 40e9, m.l3_rate = 8e9, m.memory_rate = m.memory_rate_of_all = 4e9;
  return m;
}
Machine large_machine() {
  Machine m{.l1_bytes = 48 << 10, .l2_bytes = 2 << 20, .l3_bytes = 256 << 20};
  m.l2_rate = 150e9, m.l3_rate = 60e9, m.memory_rate = 20e9;
  return m;
}
Machine one_unit() {
  Machine m = large_machine();
  m.f32_flops[2] = 3e9 * 2 * 16;  // one vector of 16 a cycle
  m.clock_hz[2] = 3e9;
  return m;
}
Machine two_units() {
  Machine m = one_unit();
  m.f32_flops[2] *= 2;
  return m;
}

Gemm product(int64_t rows, int64_t columns, int64_t depth, bool turned = false) {
  Gemm g{.rows = rows, .columns = columns, .depth = depth};
  g.a_row = turned ? 1 : depth;
  g.a_depth = turned ? rows : 1;
  g.c_row = columns;
  return g;
}

}  // namespace

TEST_CASE("a description is read as it was written, and a damaged, cut or foreign one is not") {
  const Machine m = large_machine();
  const std::string text = text_of(m);
  REQUIRE(machine_of(text));
  CHECK(text_of(*machine_of(text)) == text);
  CHECK_FALSE(machine_of(""));
  CHECK_FALSE(machine_of(text.substr(0, text.size() / 2)));
  CHECK_FALSE(machine_of(text + "more 1\n"));
  for (const auto& [is, becomes] : {std::pair("l2_rate ", "l2_rate -"), std::pair("l2_rate ", "l2_rate x"),
                                    std::pair("l2_bytes 2", "l2_bytes 0."), std::pair("l3_rate 6", "l3_rate nan6"),
                                    std::pair("memory_rate 2e", "memory_rate 2e99"), std::pair("l1_b", "L1_b")}) {
    CAPTURE(becomes);
    std::string changed = text;
    const size_t at = changed.find(is);
    REQUIRE(at != std::string::npos);
    changed.replace(at, std::string_view(is).size(), becomes);
    CHECK_FALSE(machine_of(changed));
  }
}

TEST_CASE("the machine is measured once and then known") {
  const CacheHome home;
  CHECK_FALSE(kept_machine());
  const Machine measured = measure_machine();
  CHECK(measured.flops(best_isa()) > 1e8);
  CHECK(measured.memory_rate > 1e8);
  REQUIRE(kept_machine());
  CHECK(text_of(*kept_machine()) == text_of(measured));

  const std::string name = home.file_name();
  write_cached(name, "dlcli machine 2: another processor\n" + text_of(measured));
  CHECK_FALSE(kept_machine());
  write_cached(name, "dlcli machine 1: " + processor_key() + "\n" + text_of(measured));
  CHECK_FALSE(kept_machine());
  write_cached(name, "dlcli machine 2: " + processor_key() + "\n" + text_of(measured));
  CHECK(kept_machine());
}

TEST_CASE("bytes move at the rate of the smallest cache that has room for them") {
  const Machine m = small_machine();
  CHECK(rate_of(m, 64 << 10) == m.l2_rate);
  CHECK(rate_of(m, 65 << 10) == m.l3_rate);
  CHECK(rate_of(m, 512 << 10) == m.l3_rate);
  CHECK(rate_of(m, 513 << 10) == m.memory_rate);
}

TEST_CASE("blocks follow the machine's caches") {
  const Gemm g = product(1024, 1536, 384);
  const GemmBlocks small = likely_blocks(g, small_machine(), Isa::avx2)[0];
  const GemmBlocks large = likely_blocks(g, large_machine(), Isa::avx2)[0];
  CHECK(small.rows < large.rows);
  CHECK(small.rows >= 24);
  CHECK(large.rows <= most_block_rows);
  CHECK(small.resident_bytes == 48 << 10);
  CHECK(large.resident_bytes == 768 << 10);
}

TEST_CASE("the left factor is copied where instructions are the limit, and not where multiply-adds are") {
  const Gemm g = product(1024, 1536, 1536);
  CHECK_FALSE(likely_blocks(g, one_unit(), Isa::avx512)[0].packs_left);
  CHECK(likely_blocks(g, two_units(), Isa::avx512)[0].packs_left);
  CHECK(likely_blocks(product(1536, 384, 1024, true), two_units(), Isa::avx512)[0].packs_left);
}

TEST_CASE("a left factor in its place and a copied one are both tried, as other programs may have half of the units") {
  const Gemm g = product(1024, 1536, 1536);
  for (const Machine& m : {one_unit(), two_units()}) {
    const std::vector<GemmBlocks> likely = likely_blocks(g, m, Isa::avx512);
    CHECK(likely.size() <= 3);
    for (const bool packs : {false, true}) CHECK(std::ranges::count(likely, packs, &GemmBlocks::packs_left) > 0);
    CHECK(likely_blocks(g, m, Isa::avx512, 1).size() == 1);
  }
}

TEST_CASE("only candidates that the model cannot tell apart are tried, none for small products") {
  for (const Machine& m : {small_machine(), large_machine(), Machine{}}) {
    for (const Gemm& g : {product(4096, 1536, 384), product(384, 1536, 4096, true), product(1024, 1024, 1024)}) {
      const std::vector<GemmBlocks> likely = likely_blocks(g, m, Isa::avx2);
      REQUIRE(!likely.empty());
      CHECK(likely.size() <= 3);
      const double best = expected_seconds(g, likely[0], m, Isa::avx2);
      for (const GemmBlocks& blocks : likely) {
        CHECK(blocks.columns <= most_block_columns);
        CHECK(expected_seconds(g, blocks, m, Isa::avx2) >= best);
        const bool other = blocks.packs_left != likely[0].packs_left;
        CHECK(expected_seconds(g, blocks, m, Isa::avx2) < (other ? 1.3 : 1.1) * best);
      }
    }
    CHECK(likely_blocks(product(64, 64, 64), m, Isa::avx2).size() == 1);
    CHECK(likely_blocks(product(0, 0, 0), m, Isa::portable).size() == 1);
    CHECK(likely_blocks(product(4096, 4096, 4096), m, Isa::avx2, 1).size() == 1);
  }
}

}  // namespace dl::testing
