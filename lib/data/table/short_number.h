// Numbers of up to 16 characters, eight digits at a time (Lemire, "Number parsing at a gigabyte per second", 2021).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dl {

inline constexpr size_t short_number_bytes = 16;

namespace short_number_detail {

inline constexpr uint64_t zeros = 0x3030303030303030;  // '0' eight times

static_assert(std::endian::native == std::endian::little, "words are read from memory as they lie");

inline uint64_t word(const char* text) {
  uint64_t eight;
  std::memcpy(&eight, text, sizeof eight);
  return eight;
}

// The first n characters of a word, 0 to 8, as its last ones, '0' before them.
inline uint64_t last(uint64_t eight, size_t n) {
  return n == 0 ? zeros : n == 8 ? eight : eight << (64 - 8 * n) | zeros >> (8 * n);
}

// The high bit of each byte that is a point.
inline uint64_t points(uint64_t eight) {
  constexpr uint64_t low = 0x7F7F7F7F7F7F7F7F;
  const uint64_t x = eight ^ 0x2E2E2E2E2E2E2E2E;
  return ~(((x & low) + low) | x | low);
}

// Without the byte whose high bit is `at`: what stands before it moves up by one, `first` takes its place.
inline uint64_t without(uint64_t eight, uint64_t at, uint64_t first) {
  const uint64_t before = (at >> 7) - 1, behind = ~((at << 1) - 1);
  return (eight & behind) | (eight & before) << 8 | first;
}

inline bool is_digits(uint64_t eight) {
  return ((eight & 0xF0F0F0F0F0F0F0F0) | ((eight + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4) ==
         0x3333333333333333;
}

inline uint64_t value(uint64_t digits) {
  digits -= zeros;
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000FF000000FF) * 0x000F424000000064 +
          (digits >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
}

inline int place(uint64_t point) { return std::countr_zero(point) / 8; }

}  // namespace short_number_detail

inline constexpr double powers_of_ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// A whole number below 2^53 divided by a power of ten: both exact, so that the quotient is the nearest double (Clinger
// 1990).
struct ShortNumber {
  uint64_t digits = 0;
  int behind = 0;  // the point
  bool negative = false;
  double value() const {
    const double value = static_cast<double>(static_cast<int64_t>(digits)) / powers_of_ten[behind];
    return std::bit_cast<double>(std::bit_cast<uint64_t>(value) | uint64_t{negative} << 63);
  }
};

// The number that `text` is, if it is digits that are one, with at most one point among or beside them and a minus
// before them at most. False for all else. `text` must be readable for short_number_bytes.
inline bool short_number(const char* text, size_t size, ShortNumber& number) {
  namespace in = short_number_detail;
  const bool negative = *text == '-';  // of an empty text what follows it
  text += negative;
  size -= negative;
  if (size - 1 >= short_number_bytes - negative) return false;  // none, or more
  uint64_t digits;
  int behind = 0;
  if (size <= 8) {
    uint64_t low = in::last(in::word(text), size);
    if (const uint64_t point = in::points(low)) {
      if (size == 1) return false;
      behind = 7 - in::place(point);
      low = in::without(low, point & -point, '0');
    }
    if (!in::is_digits(low)) return false;
    digits = in::value(low);
  } else {
    uint64_t high = in::last(in::word(text), size - 8), low = in::word(text + size - 8);
    if (const uint64_t point = in::points(low)) {
      behind = 7 - in::place(point);
      low = in::without(low, point & -point, high >> 56);
      high = high << 8 | '0';
    } else if (const uint64_t early = in::points(high)) {
      behind = 15 - in::place(early);
      high = in::without(high, early & -early, '0');
    }
    if (!in::is_digits(low) || !in::is_digits(high)) return false;
    digits = in::value(high) * 100'000'000 + in::value(low);
    if (digits > uint64_t{1} << 53) return false;
  }
  number = {digits, behind, negative};
  return true;
}

// The same, as this processor does it fastest.
using ShortNumberReader = bool (*)(const char* text, size_t size, ShortNumber& number);
ShortNumberReader short_number_reader();

// The same of text that is readable to its end only.
inline bool short_number(std::string_view text, ShortNumber& number) {
  if (text.size() > short_number_bytes) return false;
  char copy[2 * short_number_bytes];
  std::memcpy(copy, text.data(), text.size());
  return short_number(copy, text.size(), number);
}

}  // namespace dl
