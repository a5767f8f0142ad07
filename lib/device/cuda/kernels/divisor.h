// Quotients by sizes that stay the same: a multiplication and a shift, as division is a subroutine on a GPU. Of ints by
// Divisor, in one multiplication; of indices that may need 64 bits by IndexDivisor, which is told how far they go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

class Divisor {
 public:
  constexpr Divisor() = default;
  constexpr explicit Divisor(int divisor) : divisor_(divisor), shift_(31) {  // at least 1
    while (1ull << (shift_ - 31) < static_cast<unsigned long long>(divisor)) ++shift_;
    const unsigned long long d = static_cast<unsigned long long>(divisor);
    multiplier_ = static_cast<unsigned>(((1ull << shift_) + d - 1) / d);
  }
  constexpr int divisor() const { return divisor_; }
  // n / divisor of an n from 0 on.
  constexpr int quotient(int n) const {
    return static_cast<int>(static_cast<unsigned long long>(static_cast<unsigned>(n)) * multiplier_ >> shift_);
  }
  // n % divisor; n becomes n / divisor.
  constexpr int take(int& n) const {
    const int whole = quotient(n), rest = n - whole * divisor_;
    n = whole;
    return rest;
  }
  constexpr long long quotient(long long n) const {
    return n <= 0x7fffffff ? quotient(static_cast<int>(n)) : n / divisor_;
  }

 private:
  int divisor_ = 1, shift_ = 31;
  unsigned multiplier_ = 1u << 31;
};

struct IndexDivisor {
  long long by = 1;
  unsigned long long factor = 1ull << 31;  // 2^(31 + shift) / by, rounded up; of large indices 2^(63 + shift) / by
  int shift = 0;                           // by <= 2^shift
  int large = 0;                           // whether indices may have more than 31 bits
};

// For indices in [0, end), end < 2^63; by >= 1.
constexpr IndexDivisor index_divisor(long long by, long long end) {
  IndexDivisor d{by, 0, 0, end > 1ll << 31 || by > 1ll << 31};
  while (d.shift < 62 && 1ll << d.shift < by) ++d.shift;
  // By long division, as nothing has enough bits.
  unsigned long long rest = 1, floor = 0;
  if (by == 1) rest = 0, floor = 1;
  for (int bit = 0; bit < (d.large ? 63 : 31) + d.shift; ++bit) {
    rest *= 2, floor *= 2;
    if (rest >= static_cast<unsigned long long>(by)) rest -= static_cast<unsigned long long>(by), ++floor;
  }
  d.factor = floor + (rest > 0 ? 1 : 0);
  return d;
}

inline unsigned long long upper_half(unsigned long long a, unsigned long long b) {
  const unsigned long long a0 = a & 0xffffffffull, a1 = a >> 32, b0 = b & 0xffffffffull, b1 = b >> 32;
  const unsigned long long low = a0 * b0, one = a1 * b0 + (low >> 32), other = a0 * b1 + (one & 0xffffffffull);
  return a1 * b1 + (one >> 32) + (other >> 32);
}

inline long long quotient(long long index, const IndexDivisor& d) {
  const unsigned long long i = static_cast<unsigned long long>(index);
  if (!d.large) return static_cast<long long>((i & 0xffffffffull) * (d.factor & 0xffffffffull) >> (31 + d.shift));
  return d.shift == 0 ? index : static_cast<long long>(upper_half(i, d.factor) >> (d.shift - 1));
}

}  // namespace dl::cuda
