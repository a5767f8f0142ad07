// Numbers of up to 16 characters in one register: digits brought together by a shuffle, then added up in pairs (Mula,
// "SIMD-ized parsing of decimal numbers", 2018).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>

#include <array>

#include "lib/data/table/short_number.h"

namespace dl {

namespace short_number_detail {

inline constexpr size_t lanes = short_number_bytes;

// Of a text of so many characters, whose point stands at a place or, where it has none, at its end: which character
// each lane has, the last one the last digit's; a number above 127 for none.
struct Shuffles {
  alignas(16) std::array<std::array<std::array<uint8_t, lanes>, lanes + 1>, lanes + 1> of{};  // [size][point]
  constexpr Shuffles() {
    for (size_t size = 0; size <= lanes; ++size)
      for (size_t point = 0; point <= size; ++point) {
        const size_t digits = size - (point < size);
        for (size_t lane = 0; lane < lanes; ++lane) {
          const size_t digit = lane + digits - lanes;  // of the text
          of[size][point][lane] = static_cast<uint8_t>(lane + digits < lanes ? 0x80 : digit + (digit >= point));
        }
      }
  }
};
inline constexpr Shuffles shuffles;

}  // namespace short_number_detail

// short_number() for processors that have SSSE3.
__attribute__((target("ssse3"))) inline bool short_number_ssse3(const char* text, size_t size, ShortNumber& number) {
  using short_number_detail::lanes, short_number_detail::shuffles;
  const bool negative = *text == '-';  // of an empty text what follows it
  text += negative;
  size -= negative;
  if (size - 1 >= lanes - negative) return false;  // none, or more
  const __m128i characters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i digits = _mm_sub_epi8(characters, _mm_set1_epi8('0'));
  const __m128i are_digits = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  const auto digit_mask = static_cast<uint32_t>(_mm_movemask_epi8(are_digits));
  const auto points = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(characters, _mm_set1_epi8('.'))));
  const uint32_t all = (uint32_t{1} << size) - 1, point = points & all;
  if ((~(digit_mask | point) & all) != 0 || (point & (point - 1)) != 0 || (digit_mask & all) == 0) return false;
  const int at = std::countr_zero(point | (all + 1));
  const __m128i shuffle =
      _mm_load_si128(reinterpret_cast<const __m128i*>(shuffles.of[size][static_cast<size_t>(at)].data()));
  const __m128i ones = _mm_shuffle_epi8(digits, shuffle);
  const __m128i twos = _mm_maddubs_epi16(ones, _mm_set1_epi16(1 << 8 | 10));
  const __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(1 << 16 | 100));
  const __m128i eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
  const auto both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  const uint64_t value = (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32);
  if (value > uint64_t{1} << 53) return false;
  number = {value, static_cast<int>(size) - at - (point != 0), negative};
  return true;
}

}  // namespace dl
#endif
