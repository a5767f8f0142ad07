// Counter-based random numbers: every number is a pure function of (seed, stream, step, index).
// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), whose four output words are laid
// out so that 4, 8 or 16 neighbouring elements come from neighbouring counters: element i takes word (i / 16) % 4 of
// counter (i / 64) * 16 + i % 16.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace dl {

// The 64-bit Philox key of a stream, the same on every device.
constexpr uint64_t random_key(uint64_t seed, uint64_t stream) {
  auto mix = [](uint64_t z) {  // SplitMix64's finalizer
    z += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  };
  return mix(mix(seed) ^ stream);
}

// A stream's number from its name: FNV-1a.
constexpr uint64_t random_stream(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3ull;
  return hash;
}

// Philox4x32-10 of the 128-bit counter (low, high).
constexpr std::array<uint32_t, 4> philox(uint64_t key, uint64_t low, uint64_t high) {
  std::array<uint32_t, 4> c{uint32_t(low), uint32_t(low >> 32), uint32_t(high), uint32_t(high >> 32)};
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0], p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k1, uint32_t(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// 32 random bits for element `index` of a stream at a step.
constexpr uint32_t random_bits(uint64_t key, uint64_t step, uint64_t index) {
  return philox(key, (index / 64) * 16 + index % 16, step)[(index / 16) % 4];
}

// Uniform in [0, 1): 24 bits.
constexpr float random_uniform(uint64_t key, uint64_t step, uint64_t index) {
  return float(random_bits(key, step, index) >> 8) * 0x1p-24f;
}

// random_bits of the 64 elements from 64 * group on: each counter's four words are used, and a compiler can work on
// neighbouring counters together.
[[gnu::always_inline]] inline void random_bits_64(uint64_t key, uint64_t step, uint64_t group, uint32_t* out) {
  constexpr int lanes = 16;
  uint32_t c[4][lanes];
  for (int lane = 0; lane < lanes; ++lane) {
    const uint64_t counter = group * lanes + uint64_t(lane);
    c[0][lane] = uint32_t(counter);
    c[1][lane] = uint32_t(counter >> 32);
    c[2][lane] = uint32_t(step);
    c[3][lane] = uint32_t(step >> 32);
  }
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int lane = 0; lane < lanes; ++lane) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c[0][lane], p1 = uint64_t{0xCD9E8D57u} * c[2][lane];
      c[0][lane] = uint32_t(p1 >> 32) ^ c[1][lane] ^ k0;
      c[1][lane] = uint32_t(p1);
      c[2][lane] = uint32_t(p0 >> 32) ^ c[3][lane] ^ k1;
      c[3][lane] = uint32_t(p0);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int word = 0; word < 4; ++word)
    for (int lane = 0; lane < lanes; ++lane) out[word * lanes + lane] = c[word][lane];
}

}  // namespace dl
