// Random initial values, 64 at a time, so that a compiler works on several in one instruction. Only sums, products,
// divisions and roots of doubles, which are the same everywhere.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "lib/base/cpu.h"
#include "lib/base/random.h"
#include "lib/nn/initializer.h"

namespace dl {
namespace {

constexpr int lanes = 64;

// 24 random bits each: element / 2^24 is uniform in [0, 1).
[[gnu::always_inline]] inline void draw(uint64_t key, uint64_t step, uint64_t group, int32_t* out) {
  uint32_t bits[lanes];
  random_bits_64(key, step, group, bits);
  for (int i = 0; i < lanes; ++i) out[i] = static_cast<int32_t>(bits[i] >> 8);
}

// ln(n / 2^24) for n in [1, 2^24]: with n = 2^e m and s = (m - 1) / (m + 1), ln n = e ln 2 + 2 (s + s^3/3 + s^5/5 …).
[[gnu::always_inline]] inline double log_of_24_bits(int32_t n) {
  const uint64_t bits = std::bit_cast<uint64_t>(static_cast<double>(n));
  // The exponent as the low digits of 2^52, which needs no conversion from 64 bits.
  double e = std::bit_cast<double>((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023 + 24);
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  const double half = m > std::numbers::sqrt2 ? 1.0 : 0.0;  // then m / 2 is nearer to 1
  e += half;
  m *= 1 - 0.5 * half;
  const double s = (m - 1) / (m + 1), z = s * s;
  double series = 1.0 / 21;
  series = series * z + 1.0 / 19;
  series = series * z + 1.0 / 17;
  series = series * z + 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  return e * std::numbers::ln2 + 2 * (s + s * (z * series));
}

// cos(2 pi k / 2^24) for k in [0, 2^24): k = (q + f) quarter turns with |f| <= 1/2, by the series of sine and cosine.
[[gnu::always_inline]] inline double cos_of_24_bits(int32_t k) {
  const int32_t q = (k + (1 << 21)) >> 22;
  const double x = static_cast<double>(k - (q << 22)) * (0x1p-22 * std::numbers::pi / 2), z = x * x;
  double sine = 1.0 / 355687428096000;  // 17!
  sine = sine * z - 1.0 / 1307674368000;
  sine = sine * z + 1.0 / 6227020800;
  sine = sine * z - 1.0 / 39916800;
  sine = sine * z + 1.0 / 362880;
  sine = sine * z - 1.0 / 5040;
  sine = sine * z + 1.0 / 120;
  sine = sine * z - 1.0 / 6;
  sine = x + x * (z * sine);
  double cosine = 1.0 / 20922789888000;  // 16!
  cosine = cosine * z - 1.0 / 87178291200;
  cosine = cosine * z + 1.0 / 479001600;
  cosine = cosine * z - 1.0 / 3628800;
  cosine = cosine * z + 1.0 / 40320;
  cosine = cosine * z - 1.0 / 720;
  cosine = cosine * z + 1.0 / 24;
  cosine = cosine * z - 1.0 / 2;
  cosine = 1 + cosine * z;
  const double odd = static_cast<double>(q & 1), sign = static_cast<double>(1 - ((q + 1) & 2));
  return sign * (odd > 0 ? sine : cosine);
}

[[gnu::always_inline]] inline void uniform_of(double bound, uint64_t key, uint64_t group, float* out) {
  int32_t k[lanes];
  draw(key, 0, group, k);
  for (int i = 0; i < lanes; ++i) out[i] = static_cast<float>((2 * (k[i] * 0x1p-24) - 1) * bound);
}

// The radius from one draw in (0, 1], the angle from another.
[[gnu::always_inline]] inline void normal_of(double std, uint64_t key, uint64_t group, float* out) {
  int32_t radius[lanes], angle[lanes];
  draw(key, 0, group, radius);
  draw(key, 1, group, angle);
  for (int i = 0; i < lanes; ++i)
    out[i] = static_cast<float>(std * std::sqrt(-2 * log_of_24_bits((1 << 24) - radius[i])));
  for (int i = 0; i < lanes; ++i) out[i] *= static_cast<float>(cos_of_24_bits(angle[i]));
}

using Values64 = void (*)(double scale, uint64_t key, uint64_t group, float* out);

void uniform_64(double bound, uint64_t key, uint64_t group, float* out) { uniform_of(bound, key, group, out); }
void normal_64(double std, uint64_t key, uint64_t group, float* out) { normal_of(std, key, group, out); }

#if defined(__x86_64__)
// Without fma, which would round differently.
[[gnu::target("avx2")]] void uniform_64_avx2(double bound, uint64_t key, uint64_t group, float* out) {
  uniform_of(bound, key, group, out);
}
[[gnu::target("avx2")]] void normal_64_avx2(double std, uint64_t key, uint64_t group, float* out) {
  normal_of(std, key, group, out);
}
const Values64 uniform = cpu_features().avx2 ? uniform_64_avx2 : uniform_64;
const Values64 normal = cpu_features().avx2 ? normal_64_avx2 : normal_64;
#else
constexpr Values64 uniform = uniform_64, normal = normal_64;
#endif

void fill(std::span<float> values, Values64 of, double scale, uint64_t key, int64_t begin) {
  uint64_t group = static_cast<uint64_t>(begin) / lanes;
  for (size_t i = 0; i < values.size(); i += lanes, ++group) {
    float block[lanes];
    of(scale, key, group, block);
    std::copy_n(block, std::min<size_t>(lanes, values.size() - i), values.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

void fill_uniform(std::span<float> values, double bound, uint64_t key, int64_t begin) {
  fill(values, uniform, bound, key, begin);
}

void fill_normal(std::span<float> values, double std, uint64_t key, int64_t begin) {
  fill(values, normal, std, key, begin);
}

void fill_truncated_normal(std::span<float> values, const TruncatedNormal& of, uint64_t key, int64_t begin) {
  constexpr uint64_t most = 64;  // draws; what is still outside is uniform, as in a narrow range it is nearly
  uint64_t group = static_cast<uint64_t>(begin) / lanes;
  for (size_t i = 0; i < values.size(); i += lanes, ++group) {
    const size_t count = std::min<size_t>(lanes, values.size() - i);
    float drawn[lanes];
    bool done[lanes] = {};
    size_t left = count;
    for (uint64_t draw = 0; left > 0; ++draw) {
      const uint64_t key_of_draw = draw == 0 ? key : random_key(key, draw);
      draw < most ? normal(of.std, key_of_draw, group, drawn)
                  : uniform((of.high - of.low) / 2, key_of_draw, group, drawn);
      const double middle = draw < most ? of.mean : (of.high + of.low) / 2;
      for (size_t k = 0; k < count; ++k) {
        const double value = middle + double{drawn[k]};
        if (done[k] || (draw < most && (value < of.low || value > of.high))) continue;
        values[i + k] = static_cast<float>(value);
        done[k] = true;
        --left;
      }
    }
  }
}

}  // namespace dl
