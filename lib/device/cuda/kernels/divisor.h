// Division by a number that the host knows, as a multiplication and a shift.
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

}  // namespace dl::cuda
