// Products of matrices on emulated threads: every layout, tile and access, against sums in f64.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/kernels/matmul.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "tests/device/cuda/emulated_thread.h"

using namespace dl;
using namespace dl::cuda;

namespace {

// What is multiplied: rows of all matrices end `pad` elements after their last column.
struct Shape {
  int m, n, k, batch = 1, pieces = 1, pad = 0;
  bool add = false;
};

// A matrix in memory that ends where it ends, so that the address sanitizer sees what is read beyond.
template <class T>
struct Matrix {
  Matrix(int rows, int columns, int batch, int pad, bool transposed, uint64_t seed)
      : row((transposed ? rows : columns) + pad), one((transposed ? columns : rows) * row), transposed(transposed) {
    size = batch * one - pad;
    data = std::make_unique<T[]>(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      const float x = 2 * dl::random_uniform(seed, 0, static_cast<uint64_t>(i)) - 1;
      if constexpr (sizeof(T) == 2) {
        data[static_cast<size_t>(i)] = bf16_of_float(x);
      } else {
        data[static_cast<size_t>(i)] = x;
      }
    }
  }
  double at(int product, int r, int c) const {
    const T x = data[static_cast<size_t>(product * one + (transposed ? c * row + r : r * row + c))];
    if constexpr (sizeof(T) == 2) {
      return float_of_bf16(x);
    } else {
      return x;
    }
  }

  int row, one, size = 0;
  bool transposed;
  std::unique_ptr<T[]> data;
};

struct Plan {
  int tile_m, tile_n, threads, shared_bytes;
};

// The largest error of an element as a part of the sum of the magnitudes, over both seeds of order, of which the bits
// are the same.
template <class T, class Kernel>
double error(const Plan& plan, bool transpose_a, bool transpose_b, const Shape& s, Kernel kernel) {
  const Matrix<T> a(s.m, s.k, s.batch, s.pad, transpose_a, 1), b(s.k, s.n, s.batch, s.pad, transpose_b, 2);
  const Matrix<float> before(s.m, s.n, s.batch, s.pad, false, 3);
  const int piece = (s.k + s.pieces - 1) / s.pieces / 32 * 32 + 32;
  std::vector<float> made[2];
  for (unsigned seed = 0; seed < 2; ++seed) {
    Matrix<float> c(s.m, s.n, s.batch, s.pad, false, 3);
    const auto parts = std::make_unique<float[]>(static_cast<size_t>(s.pieces * s.batch * s.m * s.n));
    Multiply p{.a = a.data.get(), .b = b.data.get(), .c = c.data.get(), .m = s.m, .n = s.n, .k = s.k};
    p.piece = s.pieces == 1 ? s.k : piece;
    p.add = s.add;
    p.a_row = a.row, p.b_row = b.row, p.c_row = c.row;
    p.a_batch = a.one, p.b_batch = b.one, p.c_batch = c.one;
    if (s.pieces > 1)
      p.c = parts.get(), p.c_row = s.n, p.c_batch = s.m * s.n, p.c_piece = s.batch * p.c_batch, p.add = 0;
    Grid grid{.threads = plan.threads, .shared_bytes = plan.shared_bytes};
    grid.x = ((s.m + plan.tile_m - 1) / plan.tile_m) * ((s.n + plan.tile_n - 1) / plan.tile_n);
    grid.y = s.pieces, grid.z = s.batch;
    const auto aligned = [&](int to) { return p.c_row % to == 0 && (s.batch == 1 || p.c_batch % to == 0); };
    p.c_vector = aligned(4) && s.m * s.n % 4 == 0 ? 4 : aligned(2) && s.m * s.n % 2 == 0 ? 2 : 1;
    run_emulated(grid, kernel, p, seed);
    if (s.pieces > 1) {
      const AddPieces add{.parts = parts.get(),
                          .c = c.data.get(),
                          .pieces = s.pieces,
                          .add = s.add,
                          .batch = s.batch,
                          .m = s.m,
                          .n = s.n,
                          .c_row = c.row,
                          .c_batch = c.one};
      const int n = s.batch * s.m * s.n;
      if (s.n % 4 == 0 && c.row % 4 == 0) {
        run_emulated(
            {.x = (n / 4 + 255) / 256, .threads = 256}, [](const auto& t, const AddPieces& q) { add_pieces<4>(t, q); },
            add, seed);
      } else {
        run_emulated(
            {.x = (n + 255) / 256, .threads = 256}, [](const auto& t, const AddPieces& q) { add_pieces<1>(t, q); }, add,
            seed);
      }
    }
    made[seed].assign(c.data.get(), c.data.get() + c.size);
  }
  CHECK(made[0] == made[1]);
  double worst = 0;
  for (int q = 0; q < s.batch; ++q) {
    for (int i = 0; i < s.m; ++i) {
      for (int j = 0; j < before.row; ++j) {
        if (q + 1 == s.batch && i + 1 == s.m && j >= s.n) continue;
        const size_t at = static_cast<size_t>(q * before.one + i * before.row + j);
        double sum = s.add || j >= s.n ? double{before.data[at]} : 0, size = 1;
        for (int l = 0; l < s.k && j < s.n; ++l) {
          sum += a.at(q, i, l) * b.at(q, l, j);
          size += std::abs(a.at(q, i, l) * b.at(q, l, j));
        }
        const double difference = std::abs(sum - made[0][at]) / size;
        worst = difference <= worst ? worst : std::isnan(difference) ? INFINITY : difference;
      }
    }
  }
  return worst;
}

constexpr Plan large_bf16{128, 128, 256, 65536}, middle_bf16{64, 64, 128, 32768}, small_bf16{32, 64, 128, 24576};
constexpr Plan large_f32{128, 128, 256, 50688}, middle_f32{64, 64, 128, 26112}, small_f32{32, 32, 64, 13824};
constexpr Plan large_tf32{128, 128, 256, 52224}, small_tf32{64, 64, 128, 27648};

template <bool ta, bool tb, int access>
double small(const Shape& s) {
  return error<unsigned short>(small_bf16, ta, tb, s, [](const auto& t, const Multiply& p) {
    multiply_bf16<32, 64, 16, 32, ta, tb, access>(t, p);
  });
}
template <bool ta, bool tb, bool wide>
double small_f(const Shape& s) {
  return error<float>(small_f32, ta, tb, s,
                      [](const auto& t, const Multiply& p) { multiply_f32<32, 32, 4, 4, ta, tb, wide>(t, p); });
}
template <bool ta, bool tb, bool wide>
double small_t(const Shape& s) {
  return error<float>(small_tf32, ta, tb, s,
                      [](const auto& t, const Multiply& p) { multiply_tf32<64, 64, 32, 32, ta, tb, wide>(t, p); });
}

constexpr double f32_tolerance = 1e-6, tf32_tolerance = 1e-3;

}  // namespace

TEST_CASE("products of bf16 in every layout, with rows aligned to 16 bytes") {
  for (const Shape& s : {Shape{40, 72, 232}, Shape{8, 8, 8}, Shape{80, 136, 64, 2},
                         Shape{.m = 24, .n = 64, .k = 200, .batch = 2, .pieces = 3, .pad = 8, .add = true}}) {
    CAPTURE(s.m);
    CHECK(small<false, false, 8>(s) < f32_tolerance);
    CHECK(small<false, true, 8>(s) < f32_tolerance);
    CHECK(small<true, false, 8>(s) < f32_tolerance);
    CHECK(small<true, true, 8>(s) < f32_tolerance);
  }
}

TEST_CASE("products of bf16 with rows that end inside the 16 bytes they are aligned to") {
  // The rows as stored: of a [k, m] and b [n, k], then of a [m, k] and b [k, n].
  CHECK(small<false, true, 8>({.m = 33, .n = 65, .k = 43, .pad = 5}) < f32_tolerance);
  CHECK(small<false, true, 8>({.m = 1, .n = 3, .k = 1, .pad = 7, .add = true}) < f32_tolerance);
}

TEST_CASE("products of bf16 with rows aligned to 4 or 2 bytes") {
  for (const Shape& s :
       {Shape{34, 66, 42}, Shape{2, 2, 2, 3}, Shape{.m = 6, .n = 10, .k = 130, .batch = 1, .pieces = 2}}) {
    CAPTURE(s.m);
    CHECK(small<false, false, 2>(s) < f32_tolerance);
    CHECK(small<false, true, 2>(s) < f32_tolerance);
    CHECK(small<true, false, 2>(s) < f32_tolerance);
    CHECK(small<true, true, 2>(s) < f32_tolerance);
  }
  CHECK(small<false, true, 2>({.m = 5, .n = 7, .k = 33, .pad = 1}) < f32_tolerance);
  for (const Shape& s :
       {Shape{33, 67, 43, 2}, Shape{1, 1, 1}, Shape{1, 1, 0}, Shape{.m = 3, .n = 5, .k = 0, .add = true},
        Shape{.m = 5, .n = 7, .k = 131, .batch = 2, .pieces = 4, .pad = 2, .add = true}}) {
    CAPTURE(s.m);
    CHECK(small<false, false, 1>(s) < f32_tolerance);
    CHECK(small<false, true, 1>(s) < f32_tolerance);
    CHECK(small<true, false, 1>(s) < f32_tolerance);
    CHECK(small<true, true, 1>(s) < f32_tolerance);
  }
}

TEST_CASE("larger tiles of bf16") {
  const auto middle = [](const auto& t, const Multiply& p) { multiply_bf16<64, 64, 32, 32, false, true, 8>(t, p); };
  CHECK(error<unsigned short>(middle_bf16, false, true, {72, 200, 136}, middle) < f32_tolerance);
  const auto nt = [](const auto& t, const Multiply& p) { multiply_bf16<128, 128, 64, 32, false, true, 8>(t, p); };
  CHECK(error<unsigned short>(large_bf16, false, true, {136, 264, 168}, nt) < f32_tolerance);
  const auto tn = [](const auto& t, const Multiply& p) { multiply_bf16<128, 128, 64, 32, true, false, 8>(t, p); };
  CHECK(error<unsigned short>(large_bf16, true, false, {.m = 136, .n = 144, .k = 39, .add = true}, tn) < f32_tolerance);
  const auto odd = [](const auto& t, const Multiply& p) { multiply_bf16<128, 128, 64, 32, true, true, 1>(t, p); };
  CHECK(error<unsigned short>(large_bf16, true, true, {129, 131, 37}, odd) < f32_tolerance);
}

TEST_CASE("tiles follow each other in eights of rows, and none is missed") {
  CHECK(small<false, true, 8>({.m = 32 * 17 + 1, .n = 65, .k = 8}) < f32_tolerance);
}

TEST_CASE("products of f32 in every layout, with rows aligned to 16 bytes or to a number") {
  for (const Shape& s :
       {Shape{36, 68, 20}, Shape{.m = 4, .n = 8, .k = 132, .batch = 2, .pieces = 3, .pad = 4, .add = true}}) {
    CAPTURE(s.m);
    CHECK(small_f<false, false, true>(s) < f32_tolerance);
    CHECK(small_f<false, true, true>(s) < f32_tolerance);
    CHECK(small_f<true, false, true>(s) < f32_tolerance);
    CHECK(small_f<true, true, true>(s) < f32_tolerance);
  }
  CHECK(small_f<true, false, true>({.m = 35, .n = 39, .k = 17, .pad = 1}) < f32_tolerance);
  for (const Shape& s : {Shape{33, 35, 50, 2}, Shape{1, 1, 1}, Shape{3, 2, 0},
                         Shape{.m = 3, .n = 5, .k = 70, .batch = 2, .pieces = 2, .pad = 2, .add = true}}) {
    CAPTURE(s.m);
    CHECK(small_f<false, false, false>(s) < f32_tolerance);
    CHECK(small_f<false, true, false>(s) < f32_tolerance);
    CHECK(small_f<true, false, false>(s) < f32_tolerance);
    CHECK(small_f<true, true, false>(s) < f32_tolerance);
  }
}

TEST_CASE("larger tiles of f32") {
  const auto middle = [](const auto& t, const Multiply& p) { multiply_f32<64, 64, 8, 4, false, true, true>(t, p); };
  CHECK(error<float>(middle_f32, false, true, {68, 132, 36}, middle) < f32_tolerance);
  const auto large = [](const auto& t, const Multiply& p) { multiply_f32<128, 128, 8, 8, true, false, true>(t, p); };
  CHECK(error<float>(large_f32, true, false, {.m = 132, .n = 140, .k = 33, .add = true}, large) < f32_tolerance);
  const auto odd = [](const auto& t, const Multiply& p) { multiply_f32<128, 128, 8, 8, false, true, false>(t, p); };
  CHECK(error<float>(large_f32, false, true, {129, 131, 19}, odd) < f32_tolerance);
}

TEST_CASE("products of f32 rounded to tf32") {
  for (const Shape& s :
       {Shape{68, 72, 20}, Shape{.m = 33, .n = 67, .k = 75, .batch = 2, .pieces = 2, .pad = 1, .add = true}}) {
    CAPTURE(s.m);
    CHECK(small_t<false, false, true>({68, 72, 20}) < tf32_tolerance);
    CHECK(small_t<false, true, false>(s) < tf32_tolerance);
    CHECK(small_t<true, false, false>(s) < tf32_tolerance);
    CHECK(small_t<true, true, false>(s) < tf32_tolerance);
  }
  const auto large = [](const auto& t, const Multiply& p) { multiply_tf32<128, 128, 64, 32, true, false, true>(t, p); };
  const double of_tf32 = error<float>(large_tf32, true, false, {136, 132, 24}, large);
  CHECK(of_tf32 < tf32_tolerance);
  CHECK(of_tf32 > f32_tolerance);
}
