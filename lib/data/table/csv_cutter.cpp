// Rows are cut where separators are, then the cells of each column read; all of it compiled for newer processors too.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_cutter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "lib/base/cpu.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_separators.h"
#include "lib/data/table/narrow_cells_avx512.h"
#include "lib/data/table/short_number.h"
#include "lib/data/table/short_number_ssse3.h"

namespace dl {
namespace {

static_assert(CsvBits::bytes <= CsvDesk::readable_bytes);
// Cells and rows that are looked at together: their places lie in the nearest cache.
constexpr size_t most_places = 1 << 10;
constexpr int64_t most_rows = 128;

// What a processor does it by: lists of separators, a short number, and, where it can, four narrow cells at a time.
struct ByWords {
  using List = ListSeparators;
  static bool read(const char* text, size_t size, ShortNumber& number) { return short_number(text, size, number); }
};

#if defined(__x86_64__)
struct ByAvx2 {
  using List = ListSeparators;
  __attribute__((target("ssse3"))) static bool read(const char* text, size_t size, ShortNumber& number) {
    return short_number_ssse3(text, size, number);
  }
};

struct ByAvx512 : ByAvx2 {
  using List = ListSeparatorsAvx512;
  using NarrowCells = NarrowCellsAvx512;
};
#endif

template <class By>
concept ReadsFour = requires {
  typename By::NarrowCells;
};

class CsvCutter {
 public:
  CsvCutter(const CsvScan& scan, std::span<const std::string> number_words)
      : scan_(scan), number_words_(number_words) {}

  // Some rows at a time: first where their cells stand, then what those of each column are, so that a processor, which
  // looks ahead, has many numbers of one kind before it.
  template <bool trim, class By>
  int64_t cut_rows(CsvDesk& desk, const char* at, const char* end) const {
    const size_t columns = scan_.columns.size();
    const int64_t most = std::clamp<int64_t>(static_cast<int64_t>(most_places / columns / 4 * 4), 4, most_rows);
    desk.places.resize(static_cast<size_t>(most) * columns);
    Separators<typename By::List> separators(at, static_cast<size_t>(end - at), scan_.delimiter);
    if (static_cast<size_t>(end - at) > separators.most_bytes) return -1;
    int64_t rows = 0;
    while (at < end) {
      const int64_t count = find_cells<trim>(desk, separators, at, end, most);
      if (count < 0) return -1;
      for (size_t c = 0; c < columns; ++c)
        take<By>(desk.columns[c], rows, desk.places.data() + c, static_cast<size_t>(count));
      rows += count;
    }
    return at == end ? rows : -1;
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

  // The places of at most so many rows' cells, from `at` on, which it moves behind them; returns how many rows they
  // are.
  template <bool trim, class List>
  int64_t find_cells(CsvDesk& desk, Separators<List>& separators, const char*& at, const char* end,
                     int64_t most) const {
    const bool has_comments = !scan_.comment.empty();
    const size_t columns = scan_.columns.size();
    CsvPlace* place = desk.places.data();
    desk.unquoted_bytes = 0;
    int64_t rows = 0;
    size_t sizes = 0;  // the bits of all of them
    for (; at < end && rows < most; ++rows) {
      if (static_cast<unsigned char>(*at) <= ' ' || has_comments) {
        if (const char* const next = after_empty_line(at, end)) {
          separators.skip_to(at = next);
          --rows;
          continue;
        }
      }
      const size_t plain = find_plain_cells(separators, columns - 1, at, place, sizes);
      place += plain;
      for (size_t c = plain;; ++c) {
        if (c == columns) return -1;
        const CsvSeparator next = separators.next();
        const char* separator = separators.place(next);
        *place = {at, static_cast<size_t>(separator - at)};
        if (next & behind_odd_bytes) {
          const char* const behind = find_odd<trim>(desk, at, separator, end, *place);
          if (!behind) return -1;
          if (behind != separator) separators.skip_to((separator = behind) + 1);
        }
        sizes |= place++->size;
        at = separator + 1;
        if (*separator != '\n') continue;
        if (c + 1 != columns) return -1;
        break;
      }
    }
    static_assert(std::has_single_bit(most_cell_bytes + 1));
    return sizes > most_cell_bytes ? -1 : rows;
  }

  // The places of so many cells of one row, where none of them is odd; returns how many they are, which is none where
  // one is.
  template <class List>
  static size_t find_plain_cells(Separators<List>& separators, size_t count, const char*& at, CsvPlace* places,
                                 size_t& sizes) {
    const CsvSeparator* const next = separators.look(count);
    if (!next) return 0;
    const char* begin = at;
    CsvSeparator kinds = 0;
    size_t bits = 0;
    for (size_t i = 0; i < count; ++i) {
      kinds |= next[i];
      const char* const separator = separators.place(next[i]);
      places[i] = {begin, static_cast<size_t>(separator - begin)};
      bits |= places[i].size;
      begin = separator + 1;
    }
    if (kinds & (behind_odd_bytes | line_end_separator)) return 0;
    separators.take(count);
    at = begin;
    sizes |= bits;
    return count;
  }

  // The place of the cell from `at` to the separator or, where it begins with a quote, to another one, which it
  // returns; null where that does not come.
  template <bool trim>
  const char* find_odd(CsvDesk& desk, const char* at, const char* separator, const char* end, CsvPlace& place) const {
    if (trim)
      while (is_blank(*at) && *at != scan_.delimiter) ++at;
    if (*at == '"') return find_quoted<trim>(desk, at, end, place);
    const char* behind = separator;
    if (*behind == '\n')
      while (behind > at && behind[-1] == '\r') --behind;
    if (trim)
      while (behind > at && is_blank(behind[-1])) --behind;
    place = {at, static_cast<size_t>(behind - at)};
    return separator;
  }

  // The place of the cell that begins with a quote; returns where the delimiter or the line's end stands, null where it
  // does not come, or not before the chunk's end.
  template <bool trim>
  const char* find_quoted(CsvDesk& desk, const char* at, const char* end, CsvPlace& place) const {
    const char* const begin = ++at;
    const char* part = begin;  // what is not in `unquoted` yet
    const size_t before = desk.unquoted_bytes;
    for (;; at += 2) {
      at = static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
      if (!at) return nullptr;
      if (at[1] != '"') break;
      unquote(desk, part, at + 1, end);
      part = at + 2;
      if (part >= end) return nullptr;
    }
    place = {begin, static_cast<size_t>(at - begin)};
    if (part != begin) {
      unquote(desk, part, at, end);
      place = {desk.unquoted.data() + CsvDesk::readable_bytes + before, desk.unquoted_bytes - before};
    }
    ++at;
    if (trim)
      while (is_blank(*at) && *at != scan_.delimiter) ++at;
    const char* line_end = at;
    while (*line_end == '\r') ++line_end;
    if (*line_end == '\n') at = line_end;
    return at < end && (*at == '\n' || *at == scan_.delimiter) ? at : nullptr;
  }

  // Cells that were unquoted stay where they are: there is room at once for all that may follow.
  static void unquote(CsvDesk& desk, const char* begin, const char* behind, const char* end) {
    if (desk.unquoted_bytes == 0) {
      const size_t most = static_cast<size_t>(end - begin) + 2 * CsvDesk::readable_bytes;
      if (desk.unquoted.size() < most) desk.unquoted.resize(most);
    }
    std::copy(begin, behind, desk.unquoted.data() + CsvDesk::readable_bytes + desk.unquoted_bytes);
    desk.unquoted_bytes += static_cast<size_t>(behind - begin);
  }

  // What a column's cells are, the first of which has its place at `place`, for `count` rows from `row` on.
  template <class By>
  void take(CsvDesk::Column& column, int64_t row, const CsvPlace* place, size_t count) const {
    if (!column.is_kept) return;
    const size_t stride = scan_.columns.size();
    if (column.numbers_are_words)
      for (size_t i = 0; i < count; ++i) take_word(column, row + static_cast<int64_t>(i), place[i * stride]);
    else if (column.is_narrow)
      take_narrow<By>(column, row, place, count);
    else
      for (size_t i = 0; i < count; ++i) take_wide<By>(column, row + static_cast<int64_t>(i), place[i * stride]);
  }

  template <class By>
  void take_narrow(CsvDesk::Column& column, int64_t row, const CsvPlace* place, size_t count) const {
    const size_t stride = scan_.columns.size();
    const auto take_some = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) take_narrow<By>(column, row + static_cast<int64_t>(i), place[i * stride]);
    };
    size_t done = 0;
    if constexpr (ReadsFour<By>) {
      const typename By::NarrowCells cells(column.decimals);
      while (number_words_.empty() && done + 4 <= count) {
        const size_t read = cells.read(place + done * stride, stride, count - done, column.narrow + row + done);
        column.has_numbers |= read > 0;
        done += read;
        if (done + 4 > count) break;
        take_some(done, done + 4);
        done += 4;
      }
    }
    take_some(done, count);
  }

  template <class By>
  void take_narrow(CsvDesk::Column& column, int64_t row, const CsvPlace& cell) const {
    ShortNumber number;
    if (is_number_word(cell) || !By::read(cell.text, cell.size, number)) return take_other(column, row, cell);
    column.has_numbers = true;
    if (!NarrowCell::of_number(number, column.decimals, column.narrow[row])) column.is_too_narrow = true;
  }

  template <class By>
  void take_wide(CsvDesk::Column& column, int64_t row, const CsvPlace& cell) const {
    ShortNumber number;
    if (is_number_word(cell) || !By::read(cell.text, cell.size, number)) return take_other(column, row, cell);
    column.has_numbers = true;
    column.wide[row] = number.value();
  }

  // A cell that is no short number.
  void take_other(CsvDesk::Column& column, int64_t row, const CsvPlace& cell) const {
    const auto number = is_number_word(cell) ? std::nullopt : cell_number(std::string_view(cell.text, cell.size));
    if (!number) return take_word(column, row, cell);
    column.has_numbers = true;
    if (column.is_narrow)
      column.is_too_narrow = true;
    else
      column.wide[row] = *number;
  }

  static void take_word(CsvDesk::Column& column, int64_t row, const CsvPlace& cell) {
    const uint32_t word = column.words.index(cell.text, cell.size);
    if (column.is_narrow)
      column.narrow[row] = NarrowCell::of_word(std::min(word, NarrowCell::most_words - 1));
    else
      column.wide[row] = KeptCell::of_word(word);
  }

  bool is_number_word(const CsvPlace& cell) const {
    return !number_words_.empty() && std::ranges::count(number_words_, std::string_view(cell.text, cell.size)) > 0;
  }

  const CsvScan& scan_;
  const std::span<const std::string> number_words_;
};

template <class By>
int64_t cut_rows(const CsvScan& scan, std::span<const std::string> number_words, CsvDesk& desk, const char* at,
                 const char* end) {
  const CsvCutter cutter(scan, number_words);
  return scan.trim ? cutter.cut_rows<true, By>(desk, at, end) : cutter.cut_rows<false, By>(desk, at, end);
}

#if defined(__x86_64__)
// Compiled as one function each for such processors.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2"), flatten)) int64_t cut_rows_avx512(
    const CsvScan& scan, std::span<const std::string> number_words, CsvDesk& desk, const char* at, const char* end) {
  return cut_rows<ByAvx512>(scan, number_words, desk, at, end);
}
__attribute__((target("avx2,bmi,bmi2"), flatten)) int64_t cut_rows_avx2(const CsvScan& scan,
                                                                        std::span<const std::string> number_words,
                                                                        CsvDesk& desk, const char* at,
                                                                        const char* end) {
  return cut_rows<ByAvx2>(scan, number_words, desk, at, end);
}
#endif

}  // namespace

std::vector<CutCsvRows> csv_row_cutters() {
  std::vector<CutCsvRows> cutters;
#if defined(__x86_64__)
  if (cpu_features().avx512) cutters.push_back(cut_rows_avx512);
  if (cpu_features().avx2) cutters.push_back(cut_rows_avx2);
#endif
  cutters.push_back(cut_rows<ByWords>);
  return cutters;
}

}  // namespace dl
