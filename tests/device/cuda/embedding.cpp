// Rows of a table by index and their gradient on emulated threads against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/embedding_plan.h"
#include "tests/device/cuda/emulated_thread.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Floats = std::vector<float>;
using Indices = std::vector<int>;

Floats random_floats(int64_t n, uint64_t seed) {
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = random_uniform(seed, 0, i) - 0.5f;
  return x;
}

struct Gathered {
  Floats y;
  FaultWord fault;
};

Gathered gathered(const Floats& table, int64_t rows, int64_t dim, const Indices& indices, unsigned seed) {
  EmbeddingPlan plan(rows, dim, static_cast<int64_t>(indices.size()));
  Gathered g{Floats(indices.size() * static_cast<size_t>(dim), NAN), {-1, -1}};
  std::vector<int> wrong(static_cast<size_t>(plan.wide.search_blocks), -7);
  GatherRows p = is_aligned(table.data(), 16) && is_aligned(g.y.data(), 16) ? plan.wide : plan.narrow;
  p.table = reinterpret_cast<const unsigned char*>(table.data());
  p.indices = indices.data();
  p.y = reinterpret_cast<unsigned char*>(g.y.data());
  p.fault = &g.fault;
  p.wrong = wrong.data();
  run_emulated(
      plan.grid, [](const auto& t, const GatherRows& a) { gather_rows(t, a); }, p, seed);
  if (p.search_blocks > 1)
    run_emulated(
        plan.find_grid, [](const auto& t, const GatherRows& a) { find_fault(t, a); }, p, seed);
  return g;
}

struct GradCase {
  int64_t rows, padding, dim;
  Indices indices;
};

Floats gradient(const GradCase& c, const float* dy, unsigned seed) {
  const EmbeddingGradPlan plan(c.rows, c.padding, c.dim, static_cast<int64_t>(c.indices.size()));
  Floats table(static_cast<size_t>(c.rows * c.dim));
  std::vector<std::byte> scratch(static_cast<size_t>(plan.scratch_bytes), std::byte{0xFF});
  for (size_t i = 0; i < plan.passes.size(); ++i) {
    const SortPass pass = plan.pass(i, c.indices.data(), scratch.data());
    const Grid pieces{.x = pass.pieces, .threads = SortPass::threads, .shared_bytes = SortPass::shared_bytes};
    if (pass.pieces > 1) {
      run_emulated(
          pieces, [](const auto& t, const SortPass& p) { count_digits(t, p); }, pass, seed);
      run_emulated(
          {.x = SortPass::digits, .threads = SortPass::threads, .shared_bytes = 128},
          [](const auto& t, const SortPass& p) { add_up_counts(t, p); }, pass, seed);
    }
    run_emulated(
        pieces, [](const auto& t, const SortPass& p) { place_items(t, p); }, pass, seed);
  }
  for (size_t i = 0; i < plan.levels.size(); ++i)
    run_emulated(
        plan.levels[i].grid, [](const auto& t, const AddRows& p) { add_rows(t, p); },
        plan.level(i, dy, table.data(), scratch.data()), seed);
  return table;
}

void check_gradient(const GradCase& c) {
  CAPTURE(c.rows);
  CAPTURE(c.dim);
  CAPTURE(c.indices.size());
  Floats dy = random_floats(static_cast<int64_t>(c.indices.size()) * c.dim + 1, 3);
  std::vector<double> expected(static_cast<size_t>(c.rows * c.dim));
  for (size_t i = 0; i < c.indices.size(); ++i) {
    const int64_t row = c.indices[i];
    if (row < 0 || row >= c.rows || row == c.padding) continue;
    for (int64_t k = 0; k < c.dim; ++k)
      expected[static_cast<size_t>(row * c.dim + k)] += dy[i * static_cast<size_t>(c.dim) + static_cast<size_t>(k)];
  }
  const Floats one = gradient(c, dy.data(), 1);
  double worst = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const double difference = std::abs(one[i] - expected[i]);
    worst = difference <= worst ? worst : difference;
  }
  CHECK(worst <= 1e-6 * std::sqrt(static_cast<double>(c.indices.size()) + 1));
  CHECK(gradient(c, dy.data(), 2) == one);
  std::copy_backward(dy.begin(), dy.end() - 1, dy.end());  // an address that allows no vectors
  CHECK(gradient(c, dy.data() + 1, 3) == one);
}

Indices random_indices(size_t n, int low, int high, uint64_t seed) {
  Indices indices(n);
  for (size_t i = 0; i < n; ++i)
    indices[i] = low + static_cast<int>(random_bits(seed, 0, i) % static_cast<uint32_t>(high - low));
  return indices;
}

}  // namespace

TEST_CASE("rows are found by index; an index outside the table gives zeros, and the first of them is the fault") {
  for (const int64_t dim : {1, 7, 8}) {
    CAPTURE(dim);
    const int64_t rows = 50;
    const Floats table = random_floats(rows * dim, 1);
    for (const std::vector<size_t>& wrong :
         std::vector<std::vector<size_t>>{{}, {0}, {299}, {131, 130, 290}, {296, 40}}) {
      Indices indices = random_indices(300, 0, 50, 2);
      for (size_t k = 0; k < wrong.size(); ++k)
        indices[wrong[k]] = k % 2 ? -1 - static_cast<int>(k) : 50 + static_cast<int>(k);
      const Gathered g = gathered(table, rows, dim, indices, 5);
      int64_t differ = 0;
      for (size_t i = 0; i < g.y.size(); ++i) {
        const int index = indices[i / static_cast<size_t>(dim)];
        const bool is_row = index >= 0 && index < rows;
        differ += g.y[i] != (is_row ? table[static_cast<size_t>(index * dim) + i % static_cast<size_t>(dim)] : 0);
      }
      CHECK(differ == 0);
      CHECK(g.fault.found == (wrong.empty() ? 0 : 1));
      CHECK(g.fault.number == (wrong.empty() ? 0 : indices[*std::min_element(wrong.begin(), wrong.end())]));
    }
  }
}

TEST_CASE("the first wrong index of many is found, though pieces of them are searched at once") {
  const size_t n = 3 * GatherRows::piece + 5;
  const Floats table(4, 1.0f);
  Indices indices(n, 2);
  CHECK(gathered(table, 4, 1, indices, 1).fault.found == 0);
  for (size_t at :
       {n - 1, size_t{2 * GatherRows::piece + 9}, size_t{2 * GatherRows::piece}, size_t{GatherRows::piece - 1}}) {
    indices[at] = 100 + static_cast<int>(at);
    const FaultWord fault = gathered(table, 4, 1, indices, 2).fault;
    CHECK(fault.found == 1);
    CHECK(fault.number == indices[at]);
  }
}

TEST_CASE("what goes back to each row of a table is the sum of its rows, in the same order always") {
  check_gradient({.rows = 5, .padding = -1, .dim = 3, .indices = {}});
  check_gradient({.rows = 5, .padding = -1, .dim = 3, .indices = {2}});
  check_gradient({.rows = 1, .padding = -1, .dim = 1, .indices = Indices(100, 0)});
  check_gradient({.rows = 300, .padding = 7, .dim = 8, .indices = random_indices(700, -3, 310, 1)});      // two passes
  check_gradient({.rows = 70000, .padding = -1, .dim = 1, .indices = random_indices(900, 0, 70000, 2)});  // three
  check_gradient(
      {.rows = 11, .padding = 0, .dim = 4, .indices = random_indices(2100, 0, 11, 3)});  // two pieces to sort
  check_gradient({.rows = 3, .padding = 1, .dim = 5, .indices = Indices(40, 1)});        // nothing but padding
  Indices most(2200, 3);  // one row has most: its sum goes through three levels
  for (size_t i = 0; i < most.size(); i += 41) most[i] = static_cast<int>(i % 9);
  check_gradient({.rows = 9, .padding = -1, .dim = 2, .indices = most});
  check_gradient({.rows = 4, .padding = -1, .dim = 600, .indices = random_indices(90, 0, 4, 4)});   // a block a piece
  check_gradient({.rows = 4, .padding = -1, .dim = 1030, .indices = random_indices(70, 0, 4, 5)});  // several
}
