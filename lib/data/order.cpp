// The Feistel network behind Permutation.
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
  DL_CHECK(position >= 0 && static_cast<uint64_t>(position) < size_, "position ", position, " of ", size_);
  const uint32_t left_mask = static_cast<uint32_t>((uint64_t{1} << left_bits_) - 1);
  const uint32_t right_mask = static_cast<uint32_t>((uint64_t{1} << right_bits_) - 1);
  uint64_t x = static_cast<uint64_t>(position);
  do {
    uint32_t left = static_cast<uint32_t>(x >> right_bits_), right = static_cast<uint32_t>(x) & right_mask;
    for (size_t i = 0; i < rounds; i += 2) {
      left ^= mix(right, keys_[i]) & left_mask;
      right ^= mix(left, keys_[i + 1]) & right_mask;
    }
    x = uint64_t{left} << right_bits_ | right;
  } while (x >= size_);
  return static_cast<int64_t>(x);
}

}  // namespace dl
