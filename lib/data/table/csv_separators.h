// What ends the cells of CSV, found 64 bytes at a time and listed, so that cells are cut without looking for their
// ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace dl {

// Of 64 bytes, a bit each.
struct CsvBits {
  static constexpr size_t bytes = 64;
  uint64_t separators = 0;  // line ends and the delimiter
  uint64_t line_ends = 0;
  uint64_t odd = 0;  // quotes, blanks and control characters, for which cells must be looked at; separators may be such

  // Of the separators those that end a cell with such bytes. `is_odd`: whether the cell that begins before the 64 has
  // some; then, whether that which ends behind them has. An addition carries from those bytes to the separator.
  uint64_t behind_odd(bool& is_odd) const {
    const uint64_t inside = ~separators, own = odd & inside, sum = inside + own, all = sum + is_odd;
    is_odd = sum < own || all < sum;
    return all & separators;
  }
};

// A separator: where it is, and of what kind.
using CsvSeparator = uint32_t;
inline constexpr CsvSeparator behind_odd_bytes = CsvSeparator{1} << 31, line_end_separator = CsvSeparator{1} << 30,
                              separator_place = line_end_separator - 1;

// Lists the separators of a block whose place is `at`; returns where the next ones are to be listed. By what every
// processor of an architecture has.
struct ListSeparators {
  static CsvSeparator* list(const char* block, char delimiter, uint32_t at, bool& is_odd, CsvSeparator* into) {
    const CsvBits bits = bits_of(block, delimiter);
    const uint64_t odd = bits.behind_odd(is_odd);
    for (uint64_t left = bits.separators; left != 0; left &= left - 1) {
      const int bit = std::countr_zero(left);
      *into++ = (at + static_cast<uint32_t>(bit)) | (odd >> bit & 1 ? behind_odd_bytes : 0) |
                (bits.line_ends >> bit & 1 ? line_end_separator : 0);
    }
    return into;
  }

 private:
  static CsvBits bits_of(const char* block, char delimiter) {
    CsvBits bits;
#if defined(__SSE2__)
    const __m128i line_end = _mm_set1_epi8('\n'), quote = _mm_set1_epi8('"'), blank = _mm_set1_epi8(' '),
                  end = _mm_set1_epi8(delimiter);
    const auto mask = [](__m128i found) { return uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(found))}; };
    for (size_t i = 0; i < CsvBits::bytes; i += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
      const __m128i line_ends = _mm_cmpeq_epi8(bytes, line_end);
      bits.line_ends |= mask(line_ends) << i;
      bits.separators |= mask(_mm_or_si128(line_ends, _mm_cmpeq_epi8(bytes, end))) << i;
      bits.odd |= mask(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes)))
                  << i;
    }
#else
    for (size_t i = 0; i < CsvBits::bytes; ++i) {
      bits.line_ends |= uint64_t{block[i] == '\n'} << i;
      bits.separators |= uint64_t{block[i] == '\n' || block[i] == delimiter} << i;
      bits.odd |= uint64_t{block[i] == '"' || static_cast<unsigned char>(block[i]) <= ' '} << i;
    }
#endif
    return bits;
  }
};

#if defined(__x86_64__)
struct ListSeparatorsAvx512 {
  __attribute__((target("avx512f,avx512bw,popcnt"))) static CsvSeparator* list(const char* block, char delimiter,
                                                                               uint32_t at, bool& is_odd,
                                                                               CsvSeparator* into) {
    const __m512i bytes = _mm512_loadu_si512(block);
    CsvBits bits;
    bits.line_ends = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
    bits.separators = bits.line_ends | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter));
    bits.odd =
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) | _mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(' '));
    const uint64_t odd = bits.behind_odd(is_odd);
    const __m512i first = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                  line_end = _mm512_set1_epi32(line_end_separator),
                  odd_one = _mm512_set1_epi32(static_cast<int>(behind_odd_bytes));
    for (uint32_t i = 0; i < CsvBits::bytes; i += 16) {
      const auto sixteen = [&](uint64_t mask) { return static_cast<__mmask16>(mask >> i); };
      __m512i places = _mm512_add_epi32(first, _mm512_set1_epi32(static_cast<int>(at + i)));
      places = _mm512_mask_or_epi32(places, sixteen(bits.line_ends), places, line_end);
      places = _mm512_mask_or_epi32(places, sixteen(odd), places, odd_one);
      _mm512_storeu_si512(into, _mm512_maskz_compress_epi32(sixteen(bits.separators), places));
      into += std::popcount(static_cast<uint16_t>(bits.separators >> i));
    }
    return into;
  }
};
#endif

// Goes from separator to separator of a text, behind which a block's bytes must be readable.
template <class List>
class Separators {
 public:
  static constexpr size_t most_at_once = 1024;
  static constexpr size_t most_bytes = separator_place;  // of a text

  Separators(const char* text, size_t size, char delimiter) : text_(text), size_(size), delimiter_(delimiter) {}

  // The next one that was not taken yet: there must be one.
  CsvSeparator next() {
    while (next_ == behind_) list_more();
    return list_[next_++];
  }
  // So many from the next one on, none of which is taken yet; null where there are not so many, or it is more than
  // most_at_once.
  const CsvSeparator* look(size_t count) {
    if (behind_ - next_ < count && count <= most_at_once) list_more();
    return behind_ - next_ < count ? nullptr : list_ + next_;
  }
  void take(size_t count) { next_ += count; }
  // Takes those before `at`.
  void skip_to(const char* at) {
    const auto place = static_cast<size_t>(at - text_);
    while (true) {
      while (next_ < behind_ && (list_[next_] & separator_place) < place) ++next_;
      if (next_ < behind_ || looked_ >= std::min(place, size_)) return;
      list_more();
    }
  }
  const char* place(CsvSeparator separator) const { return text_ + (separator & separator_place); }

 private:
  static constexpr size_t looked_at = 2048;  // bytes at a time

  void list_more() {
    std::copy(list_ + next_, list_ + behind_, list_);
    CsvSeparator* into = list_ + (behind_ - next_);
    for (const size_t end = std::min(looked_ + looked_at, size_); looked_ < end; looked_ += CsvBits::bytes)
      into = List::list(text_ + looked_, delimiter_, static_cast<uint32_t>(looked_), is_odd_, into);
    next_ = 0;
    behind_ = static_cast<size_t>(into - list_);
  }

  const char* const text_;
  const size_t size_;
  const char delimiter_;
  bool is_odd_ = false;
  size_t looked_ = 0;             // bytes
  size_t next_ = 0, behind_ = 0;  // of those that are listed and not taken
  CsvSeparator list_[most_at_once + looked_at + 16];
};

}  // namespace dl
