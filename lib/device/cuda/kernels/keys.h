// Keys that rank places, and which is the least of a block's.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

constexpr unsigned long long no_key = ~0ull;

// As lib/graph/falling_key.h.
inline unsigned long long falling_key(float value, long long place) {
  const unsigned bits = bits_of(value);
  const unsigned rising = bits >> 31 ? ~bits : bits | 0x80000000u;
  return static_cast<unsigned long long>(~rising) << 32 | static_cast<unsigned>(place);
}

// The least of the block's keys; every thread gets it. Uses 8 bytes of shared memory a thread, from its beginning.
template <class Thread>
unsigned long long least_key(const Thread& t, unsigned long long key) {
  auto keys = t.template shared<unsigned long long>();
  t.sync();  // whoever still reads the last result
  keys[t.index()] = key;
  t.sync();
  for (int half = t.count() / 2; half > 0; half /= 2) {
    if (t.index() < half) {
      const unsigned long long own = keys[t.index()], other = keys[t.index() + half];
      if (other < own) keys[t.index()] = other;
    }
    t.sync();
  }
  return keys[0];
}

}  // namespace dl::cuda
