// What ends the cells of CSV, found 64 bytes at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

namespace dl {

// Of 64 bytes, a bit each: which end a cell, and which ask for a closer look. One that is both is a separator only.
struct CsvBits {
  uint64_t separators = 0;  // line ends and the delimiter
  uint64_t odd = 0;         // quotes, blanks and control characters
};

inline constexpr size_t csv_bits = 64;

// By what every processor of an architecture has.
struct FindCsvBits {
  CsvBits operator()(const char* block, char delimiter) const {
    CsvBits bits;
#if defined(__SSE2__)
    const __m128i line_end = _mm_set1_epi8('\n'), quote = _mm_set1_epi8('"'), blank = _mm_set1_epi8(' '),
                  end = _mm_set1_epi8(delimiter);
    const auto mask = [](__m128i bytes) { return uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(bytes))}; };
    for (size_t i = 0; i < csv_bits; i += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
      bits.separators |= mask(_mm_or_si128(_mm_cmpeq_epi8(bytes, line_end), _mm_cmpeq_epi8(bytes, end))) << i;
      bits.odd |=
          mask(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes))) << i;
    }
#else
    for (size_t i = 0; i < csv_bits; ++i) {
      bits.separators |= uint64_t{block[i] == '\n' || block[i] == delimiter} << i;
      bits.odd |= uint64_t{block[i] == '"' || static_cast<unsigned char>(block[i]) <= ' '} << i;
    }
#endif
    bits.odd &= ~bits.separators;
    return bits;
  }
};

#if defined(__x86_64__)
struct FindCsvBitsAvx512 {
  __attribute__((target("avx512f,avx512bw"))) CsvBits operator()(const char* block, char delimiter) const {
    const __m512i bytes = _mm512_loadu_si512(block);
    const uint64_t separators = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')) |
                                _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter)),
                   odd = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
                         _mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(' '));
    return {separators, odd & ~separators};
  }
};
#endif

// Goes from separator to separator; some bytes behind the last must be readable.
template <class Find>
class Separators {
 public:
  Separators(const char* at, char delimiter) : delimiter_(delimiter) { skip_to(at); }
  // The next one that was not returned yet, at `at` or behind it.
  const char* next() {
    is_odd_ = bits_.odd != 0;
    while (bits_.separators == 0) {
      find(block_ + csv_bits);
      is_odd_ |= bits_.odd != 0;
    }
    const char* const found = block_ + std::countr_zero(bits_.separators);
    bits_.separators &= bits_.separators - 1;
    return found;
  }
  // Whether there may be odd bytes among those before that one.
  bool is_odd() const { return is_odd_; }
  void skip_to(const char* at) { find(at); }

 private:
  void find(const char* block) { bits_ = Find()(block_ = block, delimiter_); }

  const char delimiter_;
  const char* block_ = nullptr;
  CsvBits bits_;
  bool is_odd_ = false;
};

}  // namespace dl
