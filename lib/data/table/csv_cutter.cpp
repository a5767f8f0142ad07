// Separators are found 64 bytes at a time; the loop over cells is compiled for newer processors too.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_cutter.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "lib/base/cpu.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/short_number.h"
#include "lib/data/table/short_number_ssse3.h"

namespace dl {
namespace {

constexpr size_t scanned_bytes = CsvDesk::readable_bytes;

// Bit i: byte i of a block is a line end or the delimiter.
uint64_t separators(const char* block, char delimiter) {
  uint64_t mask = 0;
#if defined(__SSE2__)
  const __m128i ends = _mm_set1_epi8('\n'), delimiters = _mm_set1_epi8(delimiter);
  for (size_t i = 0; i < scanned_bytes; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i));
    const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, ends), _mm_cmpeq_epi8(bytes, delimiters));
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(found))) << i;
  }
#else
  for (size_t i = 0; i < scanned_bytes; ++i) mask |= uint64_t{block[i] == '\n' || block[i] == delimiter} << i;
#endif
  return mask;
}

// Goes from separator to separator; some bytes behind the last must be readable.
class Separators {
 public:
  Separators(const char* at, char delimiter) : delimiter_(delimiter), block_(at), mask_(separators(at, delimiter)) {}
  // The next one that was not returned yet, at `at` or behind it.
  const char* next() {
    while (mask_ == 0) mask_ = separators(block_ += scanned_bytes, delimiter_);
    const char* const found = block_ + std::countr_zero(mask_);
    mask_ &= mask_ - 1;
    return found;
  }
  void skip_to(const char* at) { mask_ = separators(block_ = at, delimiter_); }

 private:
  const char delimiter_;
  const char* block_;
  uint64_t mask_;
};

class CsvCutter {
 public:
  CsvCutter(const CsvScan& scan, std::span<const std::string> number_words)
      : scan_(scan), number_words_(number_words) {}

  int64_t cut_rows_fast(CsvDesk& desk, const char* at, const char* end) {
#if defined(__x86_64__)
    if (has_avx2_) return cut_rows_avx2(desk, at, end);
#endif
    return scan_.trim ? cut_rows<true, ByWords>(desk, at, end) : cut_rows<false, ByWords>(desk, at, end);
  }

 private:
  // Where the next line begins, where the one at `at` is empty or a comment; else null.
  const char* after_empty_line(const char* at, const char* end) const {
    const char* i = at;
    while (is_blank(*i) || *i == '\r') ++i;
    const std::string& comment = scan_.comment;
    const bool is_comment =
        !comment.empty() && std::string_view(at, static_cast<size_t>(end - at)).starts_with(comment);
    if (*i != '\n' && !is_comment) return nullptr;
    return static_cast<const char*>(std::memchr(*i == '\n' ? i : at, '\n', static_cast<size_t>(end - at))) + 1;
  }

  // A way to read a short number.
  struct ByWords {
    bool operator()(const char* text, size_t size, ShortNumber& number) const {
      return short_number(text, size, number);
    }
  };

#if defined(__x86_64__)
  struct BySsse3 {
    __attribute__((target("ssse3"))) bool operator()(const char* text, size_t size, ShortNumber& number) const {
      return short_number_ssse3(text, size, number);
    }
  };

  // Compiled as one function for such processors.
  __attribute__((target("avx2,bmi,bmi2"), flatten)) int64_t cut_rows_avx2(CsvDesk& desk, const char* at,
                                                                          const char* end) {
    return scan_.trim ? cut_rows<true, BySsse3>(desk, at, end) : cut_rows<false, BySsse3>(desk, at, end);
  }
#endif

  template <bool trim, class ReadNumber>
  int64_t cut_rows(CsvDesk& desk, const char* at, const char* end) {
    const bool has_comments = !scan_.comment.empty();
    const char delimiter = scan_.delimiter;
    const size_t columns = scan_.columns.size();
    int64_t rows = 0;
    for (Separators separators(at, delimiter); at < end;) {
      if (static_cast<unsigned char>(*at) <= ' ' || has_comments) {
        if (const char* const next = after_empty_line(at, end)) {
          separators.skip_to(at = next);
          continue;
        }
      }
      for (size_t c = 0;; ++c) {
        if (c == columns) return -1;
        if (trim && static_cast<unsigned char>(*at) <= ' ')
          while (is_blank(*at) && *at != delimiter) ++at;
        const char* separator;
        if (*at == '"') {
          separator = take_quoted<trim, ReadNumber>(desk, c, rows, at, end);
          if (!separator) return -1;
          separators.skip_to(separator + 1);
        } else {
          separator = separators.next();
          const char* behind = separator;
          if (static_cast<unsigned char>(behind[-1]) <= ' ') {
            if (*behind == '\n')
              while (behind > at && behind[-1] == '\r') --behind;
            if (trim)
              while (behind > at && is_blank(behind[-1])) --behind;
          }
          if (static_cast<size_t>(behind - at) > most_cell_bytes) return -1;
          take<ReadNumber>(desk.columns[c], rows, at, static_cast<size_t>(behind - at));
        }
        at = separator + 1;
        if (*separator != '\n') continue;
        if (c + 1 != columns) return -1;
        break;
      }
      ++rows;
    }
    return at == end ? rows : -1;
  }

  // Takes the cell that begins with a quote; returns where the delimiter or the line's end stands, null where it does
  // not come, or not before the chunk's end.
  template <bool trim, class ReadNumber>
  const char* take_quoted(CsvDesk& desk, size_t c, int64_t row, const char* at, const char* end) {
    const char* const begin = ++at;
    const char* part = begin;  // what is not in `unquoted` yet
    desk.unquoted.clear();
    for (;; at += 2) {
      at = static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
      if (!at) return nullptr;
      if (at[1] != '"') break;
      desk.unquoted.append(part, at + 1);
      part = at + 2;
      if (part >= end) return nullptr;
    }
    const char* text = begin;
    auto size = static_cast<size_t>(at - begin);
    if (part != begin) {
      desk.unquoted.append(part, at);
      size = desk.unquoted.size();
      desk.unquoted.append(CsvDesk::readable_bytes, ' ');
      text = desk.unquoted.data();
    }
    if (size > most_cell_bytes) return nullptr;
    take<ReadNumber>(desk.columns[c], row, text, size);
    ++at;
    if (trim)
      while (is_blank(*at) && *at != scan_.delimiter) ++at;
    const char* line_end = at;
    while (*line_end == '\r') ++line_end;
    if (*line_end == '\n') at = line_end;
    return at < end && (*at == '\n' || *at == scan_.delimiter) ? at : nullptr;
  }

  template <class ReadNumber>
  void take(CsvDesk::Column& column, int64_t row, const char* text, size_t size) const {
    if (!column.is_kept) return;
    if (!column.numbers_are_words && !is_number_word(text, size)) {
      ShortNumber number;
      if (ReadNumber()(text, size, number)) {
        column.has_numbers = true;
        if (!column.is_narrow)
          column.wide[row] = number.value();
        else if (!NarrowCell::of_number(number, column.decimals, column.narrow[row]))
          column.is_too_narrow = true;
        return;
      }
      if (const auto other = cell_number({text, size})) {
        column.has_numbers = true;
        if (!column.is_narrow) column.wide[row] = *other;
        column.is_too_narrow = column.is_narrow;
        return;
      }
    }
    const uint32_t word = column.words.index(text, size);
    if (column.is_narrow)
      column.narrow[row] = NarrowCell::of_word(std::min(word, NarrowCell::most_words - 1));
    else
      column.wide[row] = KeptCell::of_word(word);
  }

  bool is_number_word(const char* text, size_t size) const {
    return !number_words_.empty() && std::ranges::count(number_words_, std::string_view(text, size)) > 0;
  }

  const CsvScan& scan_;
  const std::span<const std::string> number_words_;
  const bool has_avx2_ = cpu_features().avx2;
};

}  // namespace

int64_t cut_csv_rows(const CsvScan& scan, std::span<const std::string> number_words, CsvDesk& desk, const char* at,
                     const char* end) {
  return CsvCutter(scan, number_words).cut_rows_fast(desk, at, end);
}

}  // namespace dl
