// Measurements of the machine.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/probes.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#if defined(__x86_64__)
#include <immintrin.h>

#include "lib/device/cpu/simd/amx/tiles.h"
#endif

namespace dl {
namespace {

// Enough independent sums to hide the latency of a multiply-add, few enough for the registers.
constexpr int sums = 10;

// Each returns the FLOPs of `rounds` rounds; `sink` keeps the compiler from dropping them.
double multiply_add_portable(int64_t rounds, float& sink) {
  using Four = float __attribute__((vector_size(16)));
  Four a[sums] = {};
  const Four m = {0.5f, 0.5f, 0.5f, 0.5f}, c = {1, 1, 1, 1};
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 10
    for (Four& s : a) s = s * m + c;
  for (const Four& s : a) sink += s[0];
  return 2.0 * 4 * sums * static_cast<double>(rounds);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) double multiply_add_avx2(int64_t rounds, float& sink) {
  __m256 a[sums];
  for (__m256& s : a) s = _mm256_setzero_ps();
  const __m256 m = _mm256_set1_ps(0.5f), c = _mm256_set1_ps(1);
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 10
    for (__m256& s : a) s = _mm256_fmadd_ps(s, m, c);
  for (const __m256& s : a) sink += _mm256_cvtss_f32(s);
  return 2.0 * 8 * sums * static_cast<double>(rounds);
}

__attribute__((target("avx512f"))) double multiply_add_avx512(int64_t rounds, float& sink) {
  __m512 a[sums];
  for (__m512& s : a) s = _mm512_setzero_ps();
  const __m512 m = _mm512_set1_ps(0.5f), c = _mm512_set1_ps(1);
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 10
    for (__m512& s : a) s = _mm512_fmadd_ps(s, m, c);
  for (const __m512& s : a) sink += _mm512_cvtss_f32(s);
  return 2.0 * 16 * sums * static_cast<double>(rounds);
}

// Cycles of `rounds` rounds: each is ten multiplications that wait for one another, three cycles each, beside which
// vectors are multiplied and added.
template <class V>
[[gnu::always_inline]] inline double count_cycles(int64_t rounds, float& sink) {
  V a[2] = {}, m = {}, c = {};
  m += 0.5f;
  c += 1.0f;
  uint64_t x = static_cast<uint64_t>(rounds) | 1;
  for (int64_t r = 0; r < rounds; ++r) {
    a[0] = a[0] * m + c;
    a[1] = a[1] * m + c;
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) {
      x *= x;
      __asm__ volatile("" : "+r"(x));
    }
  }
  sink += a[0][0] + a[1][0] + static_cast<float>(x);
  return 30.0 * static_cast<double>(rounds);
}
typedef float Floats4 __attribute__((vector_size(16)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));
double count_cycles_portable(int64_t n, float& sink) { return count_cycles<Floats4>(n, sink); }
[[gnu::target("avx2,fma")]] double count_cycles_avx2(int64_t n, float& sink) { return count_cycles<Floats8>(n, sink); }
[[gnu::target("avx512f,fma")]] double count_cycles_avx512(int64_t n, float& sink) {
  return count_cycles<Floats16>(n, sink);
}

__attribute__((target("avx512f,avx512bf16"))) double multiply_add_bf16(int64_t rounds, float& sink) {
  __m512 a[sums];
  for (__m512& s : a) s = _mm512_setzero_ps();
  const auto x = (__m512bh)_mm512_set1_epi16(0x3f00), y = (__m512bh)_mm512_set1_epi16(0x3e80);  // 0.5 and 0.25
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 10
    for (__m512& s : a) s = _mm512_dpbf16_ps(s, x, y);
  for (const __m512& s : a) sink += _mm512_cvtss_f32(s);
  return 2.0 * 32 * sums * static_cast<double>(rounds);
}

double multiply_add_amx(int64_t rounds, float& sink) {
  using T = ProcessorTiles;
  static constexpr TileConfig config = whole_tiles();
  alignas(64) uint32_t pairs[16][16];
  for (auto& row : pairs) std::fill_n(row, 16, 0x3f003e80u);  // 0.5 and 0.25
  alignas(64) float c[16][16];
  const int64_t turns = rounds / 20;  // a turn takes 96 cycles, a round of vectors 5
  T::configure(config);
  T::load<6>(pairs, 64);
  T::load<7>(pairs, 64);
  T::zero<0>(), T::zero<1>(), T::zero<2>(), T::zero<3>(), T::zero<4>(), T::zero<5>();
  for (int64_t r = 0; r < turns; ++r) {
    T::add_products<0, 6, 7>();
    T::add_products<1, 6, 7>();
    T::add_products<2, 6, 7>();
    T::add_products<3, 6, 7>();
    T::add_products<4, 6, 7>();
    T::add_products<5, 6, 7>();
  }
  T::store<0>(c, 64);
  T::release();
  sink += c[0][0];
  return 2.0 * 16 * 16 * 32 * 6 * static_cast<double>(turns);
}

__attribute__((target("avx2,fma"))) void triad_avx2(float* a, const float* b, const float* c, int64_t n) {
  const __m256 s = _mm256_set1_ps(3);
  for (int64_t i = 0; i < n; i += 8)
    _mm256_storeu_ps(a + i, _mm256_fmadd_ps(s, _mm256_loadu_ps(c + i), _mm256_loadu_ps(b + i)));
}

__attribute__((target("avx512f"))) void triad_avx512(float* a, const float* b, const float* c, int64_t n) {
  const __m512 s = _mm512_set1_ps(3);
  for (int64_t i = 0; i < n; i += 16)
    _mm512_storeu_ps(a + i, _mm512_fmadd_ps(s, _mm512_loadu_ps(c + i), _mm512_loadu_ps(b + i)));
}
#endif

// n is a multiple of 64.
void triad_portable(float* a, const float* b, const float* c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
}

void (*triad(Isa isa))(float*, const float*, const float*, int64_t) {
#if defined(__x86_64__)
  if (isa == Isa::avx512) return triad_avx512;
  if (isa == Isa::avx2) return triad_avx2;
#endif
  DL_CHECK(isa == Isa::portable || isa == Isa::avx2 || isa == Isa::avx512, "isa ", static_cast<int>(isa));
  return triad_portable;
}

double (*multiply_add(Isa isa))(int64_t, float&) {
#if defined(__x86_64__)
  if (isa == Isa::avx512) return multiply_add_avx512;
  if (isa == Isa::avx2) return multiply_add_avx2;
#endif
  DL_CHECK(isa == Isa::portable || isa == Isa::avx2 || isa == Isa::avx512, "isa ", static_cast<int>(isa));
  return multiply_add_portable;
}

// The best of some tries: whatever else the machine does only makes it slower. Of a single thread only the time counts
// in which it ran: a machine whose cores are all busy is to be described as one whose are not.
template <class F>
double best_seconds(int threads, int tries, F&& f) {
  const auto now = threads == 1 ? thread_seconds : steady_seconds;
  double best = 1e30;
  for (int i = 0; i < tries; ++i) {
    const double begin = now();
    f();
    best = std::min(best, now() - begin);
  }
  return best;
}

double peak_gflops(double (*kernel)(int64_t, float&), ThreadTeam& team, int tries) {
  struct alignas(64) Slot {
    float sink = 0;
    double flops = 0;
  };
  std::vector<Slot> slots(static_cast<size_t>(team.size()));
  const double seconds = best_seconds(team.size(), tries, [&] {
    team.run([&](int thread) {
      Slot& slot = slots[static_cast<size_t>(thread)];
      slot.flops = kernel(1'000'000, slot.sink);
    });
  });
  double flops = 0;
  for (const Slot& slot : slots) flops += slot.flops;
  return 1e-9 * flops / seconds;
}

}  // namespace

double fma_peak_gflops(Isa isa, ThreadTeam& team, int tries) { return peak_gflops(multiply_add(isa), team, tries); }

double bf16_peak_gflops(Bf16Unit unit, ThreadTeam& team, int tries) {
  DL_CHECK(supported(unit), name_of(unit));
#if defined(__x86_64__)
  if (unit == Bf16Unit::avx512_bf16) return peak_gflops(multiply_add_bf16, team, tries);
  if (unit == Bf16Unit::amx) return peak_gflops(multiply_add_amx, team, tries);
#endif
  return 0;
}

double clock_ghz(Isa isa, int tries) {
#if defined(__x86_64__)
  const auto count = isa == Isa::avx512 ? count_cycles_avx512
                     : isa == Isa::avx2 ? count_cycles_avx2
                                        : count_cycles_portable;
  float sink = 0;
  double cycles = 0;
  const double seconds = best_seconds(1, tries, [&] { cycles = count(20'000, sink); });
  return 1e-9 * cycles / seconds;
#else
  return static_cast<void>(isa), static_cast<void>(tries), 0;
#endif
}

double memory_gbps(ThreadTeam& team, int64_t bytes, int tries) {
  const int64_t part = std::max<int64_t>(bytes / (3 * int64_t{sizeof(float)} * team.size()) / 64, 1) * 64;
  const int64_t n = part * team.size();
  const auto a = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(n)),
             b = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(n)),
             c = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(n));
  const auto kernel = triad(best_isa());
  const auto pass = [&](int64_t rounds) {
    team.run([&](int thread) {
      const int64_t begin = part * thread;
      for (int64_t r = 0; r < rounds; ++r) kernel(a.get() + begin, b.get() + begin, c.get() + begin, part);
    });
  };
  team.run([&](int thread) {  // each thread touches its part first
    for (float* array : {a.get(), b.get(), c.get()}) std::fill_n(array + part * thread, part, 1.0f);
  });
  const int64_t rounds = std::max<int64_t>(1, beyond_caches / 3 / (3 * int64_t{sizeof(float)} * n));
  const double seconds = best_seconds(team.size(), tries, [&] { pass(rounds); });
  return 1e-9 * 3 * sizeof(float) * static_cast<double>(n * rounds) / seconds;
}

double hand_over_ns(ThreadTeam& team, int most_pairs, int tries) {
  // Short enough that both threads of a pair may have their cores throughout one, whatever else runs there.
  constexpr int64_t rounds = 100;
  const int64_t windows = int64_t{10} * tries;
  struct alignas(128) Ball {
    std::atomic<int64_t> at{0};
  } ball;
  double slowest = 0;
  const int others = team.size() - 1, pairs = std::min(others, most_pairs);
  for (int i = 0; i < pairs; ++i) {
    const int other = others - static_cast<int>(int64_t{i} * others / pairs);  // the farthest first
    double best = 1e30;
    ball.at = 0;
    team.run([&](int thread) {
      if (thread != 0 && thread != other) return;
      double begin = 0;
      for (int64_t round = 0; round <= rounds * windows; ++round) {
        const int64_t mine = 2 * round + (thread == 0 ? 0 : 1);
        for (int spins = 0; ball.at.load(std::memory_order_acquire) != mine; ++spins) {
          if (spins > 10000) std::this_thread::yield();  // the other may wait for this core
        }
        if (thread == 0 && round % rounds == 0) {
          const double now = steady_seconds();
          if (round > 0) best = std::min(best, now - begin);
          begin = now;
        }
        ball.at.store(mine + 1, std::memory_order_release);
      }
    });
    slowest = std::max(slowest, best);
  }
  return 1e9 * slowest / rounds;
}

}  // namespace dl
