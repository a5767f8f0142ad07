// lib/base/random.h for kernels, bit for bit: every number is a pure function of key, step and index.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

// The random bits of elements 64 (counter / 16) + counter % 16 and 16, 32 and 48 further.
struct RandomWords {
  unsigned at[4];
};
inline RandomWords random_words(unsigned long long key, unsigned long long step, unsigned long long counter) {
  unsigned c0 = static_cast<unsigned>(counter), c1 = static_cast<unsigned>(counter >> 32),
           c2 = static_cast<unsigned>(step), c3 = static_cast<unsigned>(step >> 32);
  unsigned k0 = static_cast<unsigned>(key), k1 = static_cast<unsigned>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const unsigned long long p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
    c0 = static_cast<unsigned>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<unsigned>(p1);
    c2 = static_cast<unsigned>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<unsigned>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

inline unsigned random_bits(unsigned long long key, unsigned long long step, unsigned long long index) {
  const RandomWords words = random_words(key, step, index / 64 * 16 + index % 16);
  const int word = static_cast<int>(index / 16 % 4);
  return word == 0 ? words.at[0] : word == 1 ? words.at[1] : word == 2 ? words.at[2] : words.at[3];
}

// Uniform in [0, 1): 24 bits.
inline float random_uniform(unsigned long long key, unsigned long long step, unsigned long long index) {
  return static_cast<float>(random_bits(key, step, index) >> 8) * 0x1p-24f;
}

}  // namespace dl::cuda
