// The Feistel network behind Permutation.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/order.h"

#include <bit>

#include "lib/base/error.h"
#include "lib/base/random.h"

namespace dl {
namespace {

// Bits that depend on all bits of x and key: the finalizer of MurmurHash3's 32-bit form.
uint32_t mix(uint32_t x, uint32_t key) {
  x ^= key;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

// Positions on their way through the network, in two halves, side by side: a round waits for the one before it, so that
// many at once cost little more than one.
struct Lanes {
  static constexpr size_t count = 32;
  uint32_t left[count] = {}, right[count] = {};
};

}  // namespace

Permutation::Permutation(int64_t size, uint64_t seed, int64_t epoch) : size_(static_cast<uint64_t>(size)) {
  DL_CHECK(size >= 1 && size < int64_t{1} << 62, "size ", size);
  const int bits = std::bit_width(size_ - 1);
  left_bits_ = bits / 2;
  right_bits_ = bits - left_bits_;
  const uint64_t key = random_key(seed, random_stream("sample order"));
  for (int i = 0; i < rounds; i += 4) {
    const auto words = philox(key, static_cast<uint64_t>(i), static_cast<uint64_t>(epoch));
    for (int j = 0; j < 4; ++j) keys_[static_cast<size_t>(i + j)] = words[static_cast<size_t>(j)];
  }
}

int64_t Permutation::operator()(int64_t position) const {
  int64_t sample;
  fill(position, {&sample, 1});
  return sample;
}

void Permutation::fill(int64_t first, std::span<int64_t> into) const {
  DL_CHECK(first >= 0 && static_cast<uint64_t>(first) + into.size() <= size_, "positions ", first, ", +", into.size(),
           " of ", size_);
  const uint32_t left_mask = static_cast<uint32_t>((uint64_t{1} << left_bits_) - 1);
  const uint32_t right_mask = static_cast<uint32_t>((uint64_t{1} << right_bits_) - 1);
  Lanes lanes;
  size_t place[Lanes::count];  // in `into`
  size_t used = 0, taken = 0;
  const auto take = [&](size_t lane) {
    place[lane] = taken;
    const uint64_t position = static_cast<uint64_t>(first) + taken++;
    lanes.left[lane] = static_cast<uint32_t>(position >> right_bits_);
    lanes.right[lane] = static_cast<uint32_t>(position) & right_mask;
  };
  while (used < Lanes::count && taken < into.size()) take(used++);
  while (used > 0) {
    for (size_t i = 0; i < rounds; i += 2) {
      for (size_t l = 0; l < Lanes::count; ++l) lanes.left[l] ^= mix(lanes.right[l], keys_[i]) & left_mask;
      for (size_t l = 0; l < Lanes::count; ++l) lanes.right[l] ^= mix(lanes.left[l], keys_[i + 1]) & right_mask;
    }
    for (size_t l = 0; l < used;) {
      const uint64_t x = uint64_t{lanes.left[l]} << right_bits_ | lanes.right[l];
      if (x >= size_) {
        ++l;  // outside the range: it is sent again
        continue;
      }
      into[place[l]] = static_cast<int64_t>(x);
      if (taken < into.size()) {
        take(l++);
      } else {  // the last lane moves here
        --used;
        place[l] = place[used], lanes.left[l] = lanes.left[used], lanes.right[l] = lanes.right[used];
      }
    }
  }
}

}  // namespace dl
