// The emulation of a GPU's blocks: what it computes, and what it finds.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/numbers.h"
#include "lib/device/cuda/kernels/random.h"
#include "tests/device/cuda/emulated_thread.h"
#include "tests/device/cuda/undefined.h"

using namespace dl;
using namespace dl::cuda;

namespace {

enum class Planted { nothing, first_barrier, second_barrier, odd_row, halves };

// c [m, n] = a [m, k] b [n, k]^T of bf16, a block of 4 warps a tile of 64 x 64.
struct Product {
  const unsigned short *a, *b;
  float* c;
  int m, n, k;
};

template <Planted planted, class Thread>
void product(const Thread& t, const Product& p) {
  constexpr int tile = 64, depth = 32, row = depth + (planted == Planted::odd_row ? 5 : 8);
  const int m0 = t.block_y() * tile, n0 = t.block() * tile;
  auto a = t.template shared<unsigned short>();
  auto b = t.template shared<unsigned short>(tile * row);
  float d[2][4][4] = {};
  const int wm = t.warp() / 2 * 32, wn = t.warp() % 2 * 32, group = t.lane() / 4, pair = t.lane() % 4 * 2;
  for (int k0 = 0; k0 < p.k; k0 += depth) {
    for (int i = t.index(); i < tile * depth; i += t.count()) {
      const int r = i / depth, c = i % depth, k = k0 + c;
      a[r * row + c] = m0 + r < p.m && k < p.k ? p.a[(m0 + r) * p.k + k] : static_cast<unsigned short>(0);
      b[r * row + c] = n0 + r < p.n && k < p.k ? p.b[(n0 + r) * p.k + k] : static_cast<unsigned short>(0);
    }
    if constexpr (planted != Planted::first_barrier) t.sync();
    for (int k = 0; k < depth; k += 16) {
      unsigned fa[2][4], fb[4][2];
      for (int i = 0; i < 2; ++i) {
        for (int h = 0; h < 4; ++h) {
          const int swapped = planted == Planted::halves ? 3 - h : h;
          fa[i][h] = t.template vector<unsigned>(a + (wm + i * 16 + group + swapped % 2 * 8) * row + k + pair +
                                                 swapped / 2 * 8);
        }
      }
      for (int j = 0; j < 4; ++j)
        for (int h = 0; h < 2; ++h)
          fb[j][h] = t.template vector<unsigned>(b + (wn + j * 8 + group) * row + k + pair + h * 8);
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j) t.multiply_add(d[i][j], fa[i], fb[j]);
    }
    if constexpr (planted != Planted::second_barrier) t.sync();
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) {
      for (int e = 0; e < 4; ++e) {
        const int r = m0 + wm + i * 16 + group + e / 2 * 8, c = n0 + wn + j * 8 + pair + e % 2;
        if (r < p.m && c < p.n) p.c[r * p.n + c] = d[i][j][e];
      }
    }
  }
}

// The largest error of an element.
template <Planted planted>
double error(int m, int n, int k, unsigned seed, std::vector<float>* result = nullptr) {
  std::vector<unsigned short> a(static_cast<size_t>(m * k)), b(static_cast<size_t>(n * k));
  for (size_t i = 0; i < a.size(); ++i) a[i] = bf16_of_float(random_uniform(1, 0, i) - 0.5f);
  for (size_t i = 0; i < b.size(); ++i) b[i] = bf16_of_float(random_uniform(2, 0, i) - 0.5f);
  std::vector<float> c(static_cast<size_t>(m * n), NAN);
  run_emulated(
      {.x = (n + 63) / 64, .y = (m + 63) / 64, .threads = 128, .shared_bytes = 4 * 64 * 40},
      [](const auto& t, const Product& p) { product<planted>(t, p); }, Product{a.data(), b.data(), c.data(), m, n, k},
      seed);
  double worst = 0;
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int l = 0; l < k; ++l)
        sum +=
            double{float_of_bf16(a[static_cast<size_t>(i * k + l)])} * float_of_bf16(b[static_cast<size_t>(j * k + l)]);
      const double difference = std::abs(sum - c[static_cast<size_t>(i * n + j)]);
      worst = difference <= worst ? worst : difference;
    }
  }
  if (result) *result = c;
  return worst;
}

template <Planted planted>
std::string what_is_found() {
  try {
    error<planted>(64, 64, 64, 0);
  } catch (const Undefined& e) {
    return e.what();
  }
  return "nothing";
}

struct Floats {
  float *in, *out;
};

// Copies to where another thread has just read.
template <bool barrier, class Thread>
void copy_over(const Thread& t, const Floats& f) {
  auto s = t.template shared<float>();
  s[t.index()] = 1;
  t.sync();
  f.out[t.index()] = s[31 - t.index()];
  if constexpr (barrier) t.sync();
  t.copy_4(s + t.index(), f.in + t.index());
  t.end_copies();
  t.template wait_copies<0>();
}

}  // namespace

TEST_CASE("an emulated tensor core multiplies, in any order of threads and blocks with the same bits") {
  for (const auto& [m, n, k] :
       {std::array{64, 64, 64}, std::array{129, 65, 96}, std::array{1, 1, 1}, std::array{70, 3, 33}}) {
    CAPTURE(m);
    std::vector<float> one, two;
    CHECK(error<Planted::nothing>(m, n, k, 1, &one) < 1e-5);
    CHECK(error<Planted::nothing>(m, n, k, 2, &two) < 1e-5);
    CHECK(one == two);
  }
}

TEST_CASE("planted faults in a kernel are found by its emulation") {
  CHECK(what_is_found<Planted::nothing>() == "nothing");
  CHECK(what_is_found<Planted::first_barrier>().find("that nothing wrote") != std::string::npos);
  CHECK(what_is_found<Planted::second_barrier>().find("a race") != std::string::npos);
  CHECK(what_is_found<Planted::odd_row>().find("not aligned") != std::string::npos);
  CHECK(error<Planted::halves>(64, 64, 64, 0) > 0.1);
}

TEST_CASE("operations that not all threads reach are found") {
  std::vector<float> out(64);
  const Floats floats{nullptr, out.data()};
  const Grid grid{.threads = 64, .shared_bytes = 512};
  CHECK_THROWS_AS(run_emulated(
                      grid,
                      [](const auto& t, const Floats&) {
                        if (t.index() < 40) t.sync();
                      },
                      floats),
                  Undefined);
  CHECK_THROWS_AS(run_emulated(
                      grid,
                      [](const auto& t, const Floats&) {
                        if (t.lane() < 9) t.shuffle(1.0f, 0);
                      },
                      floats),
                  Undefined);
  CHECK_THROWS_AS(
      run_emulated(
          grid, [](const auto& t, const Floats&) { t.lane() < 9 ? t.ballot(true) : t.shuffle(1u, 0); }, floats),
      Undefined);
  CHECK_THROWS_AS(
      run_emulated(
          grid, [](const auto& t, const Floats&) { t.template shared<float>()[t.index() + 100] = 0; }, floats),
      Undefined);
}

TEST_CASE("what a warp writes is its own to read after sync_warp, and another warp's after sync alone") {
  std::vector<float> out(64, NAN);
  const Floats floats{nullptr, out.data()};
  const Grid grid{.threads = 64, .shared_bytes = 256};
  run_emulated(
      grid,
      [](const auto& t, const Floats& f) {
        auto s = t.template shared<float>();
        s[t.index()] = static_cast<float>(t.index());
        t.sync_warp();
        f.out[t.index()] = s[t.index() ^ 1];
        t.sync_warp();
        s[t.index() ^ 3] = 0;
      },
      floats);
  for (int i = 0; i < 64; ++i) CHECK(out[static_cast<size_t>(i)] == static_cast<float>(i ^ 1));
  CHECK_THROWS_AS(run_emulated(
                      grid,
                      [](const auto& t, const Floats&) {
                        auto s = t.template shared<float>();
                        s[t.index()] = 1;
                        t.sync_warp();
                        s[t.index() ^ 32] = 2;
                      },
                      floats),
                  Undefined);
}

TEST_CASE("copies to shared memory arrive when they are waited for, zeros behind their bytes") {
  std::vector<float> in(64), out(128, NAN);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  const Grid grid{.threads = 32, .shared_bytes = 512};
  const Floats floats{in.data(), out.data()};
  run_emulated(
      grid,
      [](const auto& t, const Floats& f) {
        auto s = t.template shared<float>();
        t.copy_16(s + t.index() * 4, f.in + t.index() % 16 * 4, t.index() < 16 ? 16 : 8);
        t.end_copies();
        t.template wait_copies<0>();
        t.sync();
        for (int i = 0; i < 4; ++i) f.out[t.index() * 4 + i] = s[t.index() * 4 + i];
      },
      floats);
  for (int i = 0; i < 128; ++i)
    CHECK(out[static_cast<size_t>(i)] == (i < 64      ? static_cast<float>(i)
                                          : i % 4 < 2 ? static_cast<float>(i - 64)
                                                      : 0.0f));
  CHECK_THROWS_AS(run_emulated(
                      grid,
                      [](const auto& t, const Floats& f) {
                        auto s = t.template shared<float>();
                        t.copy_16(s + t.index() * 4, f.in);
                        t.end_copies();
                        t.sync();
                        f.out[t.index()] = s[t.index()];
                      },
                      floats),
                  Undefined);
}

TEST_CASE("a copy that begins while another thread may still read what it writes over is a race") {
  std::vector<float> in(32), out(32);
  const Floats floats{in.data(), out.data()};
  const Grid grid{.threads = 32, .shared_bytes = 128};
  run_emulated(
      grid, [](const auto& t, const Floats& f) { copy_over<true>(t, f); }, floats);
  CHECK_THROWS_AS(run_emulated(
                      grid, [](const auto& t, const Floats& f) { copy_over<false>(t, f); }, floats),
                  Undefined);
}

TEST_CASE("copies of four bytes may be at any float, and are zeros where they have none") {
  std::vector<float> in(33), out(32, NAN);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  run_emulated(
      {.threads = 32, .shared_bytes = 128},
      [](const auto& t, const Floats& f) {
        auto s = t.template shared<float>();
        t.copy_4(s + (31 - t.index()), f.in + t.index() + 1, t.index() < 20 ? 4 : 0);
        t.end_copies();
        t.template wait_copies<0>();
        t.sync();
        f.out[t.index()] = s[t.index()];
      },
      Floats{in.data(), out.data()});
  for (int i = 0; i < 32; ++i) CHECK(out[static_cast<size_t>(i)] == (i > 11 ? static_cast<float>(32 - i) : 0.0f));
  CHECK_THROWS_AS(run_emulated(
                      {.threads = 32, .shared_bytes = 256},
                      [](const auto& t, const Floats& f) {
                        auto s = t.template shared<unsigned short>();
                        t.copy_4(s + t.index() * 2 + 1, f.in);
                      },
                      Floats{in.data(), out.data()}),
                  Undefined);
}

TEST_CASE("matrices from shared memory lie in the lanes as ldmatrix puts them") {
  std::vector<float> out(256, NAN);
  const Grid grid{.threads = 32, .shared_bytes = 512};
  run_emulated(
      grid,
      [](const auto& t, const Floats& f) {
        auto s = t.template shared<unsigned short>();
        for (int i = 0; i < 8; ++i) s[t.index() * 8 + i] = static_cast<unsigned short>(t.index() * 8 + i);
        t.sync();
        unsigned straight[4], transposed[4];
        t.template load_matrices<false>(straight, s + t.lane() * 8);
        t.template load_matrices<true>(transposed, s + t.lane() * 8);
        for (int m = 0; m < 4; ++m) {
          f.out[t.lane() * 8 + m] = static_cast<float>(straight[m] >> 16);
          f.out[t.lane() * 8 + 4 + m] = static_cast<float>(transposed[m] >> 16);
        }
      },
      Floats{nullptr, out.data()});
  for (int lane = 0; lane < 32; ++lane) {
    for (int m = 0; m < 4; ++m) {
      const int row = lane / 4, next = lane % 4 * 2 + 1;
      CHECK(out[static_cast<size_t>(lane * 8 + m)] == static_cast<float>(m * 64 + row * 8 + next));
      CHECK(out[static_cast<size_t>(lane * 8 + 4 + m)] == static_cast<float>(m * 64 + next * 8 + row));
    }
  }
}

TEST_CASE("pairs of bf16 and powers of two") {
  std::vector<float> in{1, 1.00390625f, -3e38f, 3.4e38f, 0, -126, -127, -INFINITY}, out(16, NAN);
  run_emulated(
      {.threads = 4},
      [](const auto& t, const Floats& f) {
        const float low = f.in[2 * t.index()], high = f.in[2 * t.index() + 1];
        const unsigned pair = t.bf16_pair(low, high);
        f.out[2 * t.index()] = t.index() < 2 ? float_of(pair << 16) : t.exp2(low);
        f.out[2 * t.index() + 1] = t.index() < 2 ? float_of(pair & 0xffff0000u) : t.exp2(high);
      },
      Floats{in.data(), out.data()});
  CHECK(out[0] == 1);
  CHECK(out[1] == 1);  // a tie, to even
  CHECK(out[2] == float_of_bf16(bf16_of_float(-3e38f)));
  CHECK(out[3] == INFINITY);
  CHECK(out[4] == 1);
  CHECK(out[5] == 0x1p-126f);
  CHECK(out[6] == 0);
  CHECK(out[7] == 0);
}

TEST_CASE("a product is rounded before it is added to") {
  std::vector<float> in{1 + 0x1p-12f, 1 + 0x1p-12f, -1 - 0x1p-11f}, out(1, NAN);
  run_emulated(
      {.threads = 1}, [](const auto& t, const Floats& f) { f.out[0] = t.product(f.in[0], f.in[1]) + f.in[2]; },
      Floats{in.data(), out.data()});
  CHECK(out[0] == 0);
  CHECK(std::fma(in[0], in[1], in[2]) != 0);
}

TEST_CASE("sums and maxima of blocks") {
  std::vector<float> in(96), out(2 * 96, NAN);
  double sum = 0;
  for (size_t i = 0; i < in.size(); ++i) sum += in[i] = random_uniform(3, 0, i);
  run_emulated(
      {.threads = 96, .shared_bytes = 256},
      [](const auto& t, const Floats& f) {
        f.out[t.index()] = block_sum(t, f.in[t.index()]);
        f.out[96 + t.index()] = block_max(t, f.in[t.index()], 32);
      },
      Floats{in.data(), out.data()});
  for (size_t i = 0; i < 96; ++i) {
    CHECK(std::abs(out[i] - sum) < 1e-4);
    CHECK(out[96 + i] == *std::max_element(in.begin(), in.end()));
  }
}

TEST_CASE("kernels' bf16 and random numbers are the host's, bit for bit") {
  for (uint64_t i = 0; i < 20000; ++i) {
    const uint32_t bits = dl::random_bits(7, 1, i) & (i % 5 == 0 ? 0xffff8000u : 0xffffffffu);
    const float x = __builtin_bit_cast(float, bits);
    CHECK(bf16_of(x).bits == bf16_of_float(x));
    CHECK(dl::cuda::random_bits(i * 77, i % 3, i * i) == dl::random_bits(i * 77, i % 3, i * i));
    CHECK(random_words(i * 77, 5, i).at[i % 4] == dl::random_bits(i * 77, 5, i / 16 * 64 + i % 16 + i % 4 * 16));
  }
}

TEST_CASE("a thread counts the bits that are 1") {
  std::vector<float> out(64, NAN);
  run_emulated(
      {.threads = 32},
      [](const auto& t, const Floats& f) {
        const unsigned even = t.ballot(t.lane() % 2 == 0);
        f.out[t.lane()] = static_cast<float>(t.ones(even));
        f.out[32 + t.lane()] = static_cast<float>(t.ones(even & ((1u << t.lane()) - 1)));
      },
      Floats{nullptr, out.data()});
  for (int i = 0; i < 32; ++i) {
    CHECK(out[static_cast<size_t>(i)] == 16);
    CHECK(out[static_cast<size_t>(32 + i)] == static_cast<float>((i + 1) / 2));
  }
}
