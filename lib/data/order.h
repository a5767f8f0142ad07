// The order of samples in an epoch: a pure function of (seed, epoch, position), so that seeking is arithmetic.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <span>

namespace dl {

// A pseudo-random permutation of 0 … size - 1, evaluated at one position in constant time and memory.
//
// An alternating Feistel network of sixteen rounds over the smallest power of two that holds `size`, keyed by Philox
// from (seed, epoch); a position that lands outside the range is sent through again until it lands inside (Black and
// Rogaway 2002, "Ciphers with arbitrary finite domains"), fewer than two times on average. Tests hold it to being
// one-to-one, and its positions, neighbours and fixed points to the frequencies of uniform permutations. For sizes
// over 20 it reaches only a part of all permutations, as every shuffle from a 64-bit seed does.
class Permutation {
 public:
  Permutation(int64_t size, uint64_t seed, int64_t epoch);
  int64_t operator()(int64_t position) const;  // 0 <= position < size
  // The same for the positions first, first + 1, …, several at once: a few times as fast.
  void fill(int64_t first, std::span<int64_t> into) const;

 private:
  static constexpr int rounds = 16;
  uint64_t size_;
  int left_bits_ = 0, right_bits_ = 0;
  std::array<uint32_t, rounds> keys_{};
};

}  // namespace dl
