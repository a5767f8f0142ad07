// The file is cut into chunks, these at line ends: each is read, checked, cut into cells and made numbers by one thread
// while it lies in the cache. In the order of the chunks their cells are put behind those before. A chunk may begin
// inside a quoted cell: then the one before it does not end where it begins, and nothing of all is kept.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "lib/base/cpu.h"
#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/short_number.h"
#include "lib/data/table/short_number_ssse3.h"
#include "lib/data/table/word_table.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

constexpr size_t scanned_bytes = 64;
constexpr size_t readable_bytes = scanned_bytes;  // before and behind the text of a chunk
constexpr size_t tail_bytes = 4 << 10;            // that are read beyond a chunk for its last line, at first
constexpr size_t most_words = 1 << 16;            // of a column that is kept
static_assert(most_words < NarrowCell::most_words);
constexpr size_t most_number_words = 4'000;  // of one whose numbers are words

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

bool is_plain_text(const char* text, size_t size) {
  uint64_t high = 0;
  size_t i = 0;
  for (uint64_t eight; i + sizeof eight <= size; i += sizeof eight) {
    std::memcpy(&eight, text + i, sizeof eight);
    high |= eight;
  }
  for (; i < size; ++i) high |= static_cast<unsigned char>(text[i]);
  if ((high & 0x8080808080808080) == 0) return std::memchr(text, '\0', size) == nullptr;
  return not_text_at({text, size}) == std::string_view::npos;
}

// What one thread has of the chunk that it reads, and of the words that it has met so far.
struct Desk {
  struct Column {
    bool is_kept = true, numbers_are_words = false, has_numbers = false;
    bool is_narrow = false, is_too_narrow = false;
    int decimals = 0;
    int32_t* narrow = nullptr;  // cells, or `wide`
    double* wide = nullptr;
    WordTable words;
    std::vector<uint32_t> merged;  // the index among all threads' words of each that was there at the last merging
    bool is_same = true;           // that index is the word's own
  };
  std::vector<char> bytes;
  size_t size = 0;  // of what was read of the file, between what must be readable
  int64_t chunk = 0, rows = -1;
  std::unique_ptr<double[]> cells;
  size_t room = 0;  // of them
  std::vector<Column> columns;
  std::string unquoted;

  const char* text() const { return bytes.data() + readable_bytes; }
};

class Scanner {
 public:
  explicit Scanner(const CsvScan& scan, size_t capacity) : scan_(scan), capacity_(capacity) {
    for (const CsvScan::Column& column : scan.columns) {
      KeptColumn& kept = found_.columns.emplace_back();
      tables_.emplace_back();
      given_up_.emplace_back(!column.is_kept);
      is_wide_.emplace_back(!column.decimals);
      kept.decimals = column.decimals.value_or(0);
      if (!column.is_kept) continue;
      if (column.decimals)
        kept.narrow = std::make_unique_for_overwrite<int32_t[]>(capacity);
      else
        kept.wide = std::make_unique_for_overwrite<double[]>(capacity);
    }
    for (const std::string& word : scan.words)
      if (cell_number(word)) number_words_.push_back(word);
  }

  enum class Outcome { done, bad, full };

  Outcome scan() {
    const auto chunks = static_cast<int64_t>((scan_.bytes + scan_.chunk_bytes - 1) / scan_.chunk_bytes);
    in_parallel(chunks, scan_.threads, [&](int64_t chunk) {
      std::unique_ptr<Desk> desk;
      try {
        desk = take_desk(chunk);
        desk->chunk = chunk;
        desk->rows = outcome_ == Outcome::done ? read_rows(chunk, *desk) : -1;
        hand_over(std::move(desk));
      } catch (...) {  // whoever reads the file otherwise meets it again
        give_up(Outcome::bad);
      }
    });
    return outcome_;
  }

  CsvScanned take() {
    for (size_t c = 0; c < found_.columns.size(); ++c) {
      KeptColumn& column = found_.columns[c];
      column.is_kept = !given_up_[c];
      if (column.is_kept)
        column.words = tables_[c].words();
      else
        column.narrow.reset(), column.wide.reset();
    }
    return {.cells = std::move(found_), .xxh64 = hash_.value()};
  }

 private:
  std::unique_ptr<Desk> take_desk(int64_t chunk) {
    std::unique_lock lock(mutex_);
    // Where one thread is held up the others read on, but not without bound; it is the one that may not wait.
    const auto most_waiting = static_cast<size_t>(4 * scan_.threads);
    drained_.wait(lock, [&] { return chunk == next_ || waiting_.size() < most_waiting || outcome_ != Outcome::done; });
    if (!desks_.empty()) {
      std::unique_ptr<Desk> desk = std::move(desks_.back());
      desks_.pop_back();
      return desk;
    }
    auto desk = std::make_unique<Desk>();
    desk->columns.resize(scan_.columns.size());
    return desk;
  }

  // What was read waits until all before it is appended; one thread at a time appends what can be.
  void hand_over(std::unique_ptr<Desk> desk) {
    std::unique_lock lock(mutex_);
    waiting_.emplace(desk->chunk, std::move(desk));
    if (is_appending_) return;
    is_appending_ = true;
    while (!waiting_.empty() && waiting_.begin()->first == next_ && outcome_ == Outcome::done) {
      std::unique_ptr<Desk> first = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++next_;
      lock.unlock();
      append(*first);
      lock.lock();
      desks_.push_back(std::move(first));
      drained_.notify_all();
    }
    is_appending_ = false;
  }

  void give_up(Outcome why) {
    const std::lock_guard lock(mutex_);
    if (outcome_ == Outcome::done) outcome_ = why;
    drained_.notify_all();
  }

  void fill(Desk& desk, uint64_t offset, size_t size) const {
    desk.bytes.resize(size + 2 * readable_bytes + 1);
    if (size > desk.size)
      scan_.read(offset + desk.size, desk.bytes.data() + readable_bytes + desk.size, size - desk.size);
    desk.size = size;
  }

  // Reads the rows that begin in the chunk; -1 where they are not as they should be.
  int64_t read_rows(int64_t chunk, Desk& desk) {
    // From the byte before the chunk on, which tells whether a line begins with it, to the end of its last line.
    const uint64_t from = std::max<uint64_t>(static_cast<uint64_t>(chunk) * scan_.chunk_bytes, 1) - 1;
    const uint64_t next = std::min((static_cast<uint64_t>(chunk) + 1) * scan_.chunk_bytes, scan_.bytes);
    desk.size = 0;
    fill(desk, from, std::min(next - from + tail_bytes, scan_.bytes - from));
    const auto line_behind = [&](size_t at) -> size_t {
      for (size_t looked = at;;) {
        const void* const end = std::memchr(desk.text() + looked, '\n', desk.size - looked);
        if (end) return static_cast<size_t>(static_cast<const char*>(end) - desk.text()) + 1;
        looked = desk.size;
        if (from + desk.size == scan_.bytes) return desk.size;
        fill(desk, from, std::min<uint64_t>(2 * desk.size, scan_.bytes - from));
      }
    };
    const size_t own = next - from;  // and the byte before it
    size_t begin = 0;
    if (chunk > 0) {
      const void* const end = std::memchr(desk.text(), '\n', own - 1);
      if (!end) return 0;  // a line of another chunk goes through all of it
      begin = static_cast<size_t>(static_cast<const char*>(end) - desk.text()) + 1;
    }
    size_t end = line_behind(own - 1);
    if (!is_plain_text(desk.text() + begin, end - begin)) return -1;
    if (from + end == scan_.bytes && desk.text()[end - 1] != '\n') desk.bytes[readable_bytes + end++] = '\n';
    if (from + begin < scan_.begin) begin = std::min<uint64_t>(end, scan_.begin - from);
    return cut(desk, desk.text() + begin, desk.text() + end);
  }

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

  int64_t cut(Desk& desk, const char* at, const char* end) {
    const size_t columns = scan_.columns.size(), room = static_cast<size_t>(end - at) / columns + 1;
    if (desk.room < room * columns) {
      desk.room = room * columns;
      desk.cells = std::make_unique_for_overwrite<double[]>(desk.room);
    }
    while (true) {
      for (size_t c = 0; c < columns; ++c) {
        Desk::Column& column = desk.columns[c];
        column.wide = desk.cells.get() + c * room;
        column.narrow = reinterpret_cast<int32_t*>(column.wide);
        column.has_numbers = column.is_too_narrow = false;
        column.is_kept = !given_up_[c];
        column.is_narrow = !is_wide_[c];
        column.decimals = found_.columns[c].decimals;
        column.numbers_are_words = scan_.columns[c].numbers_are_words && column.words.size() < most_number_words;
      }
      const int64_t rows = cut_rows_fast(desk, at, end);
      bool fits = true;
      for (size_t c = 0; rows >= 0 && c < columns; ++c) {
        if (!desk.columns[c].is_too_narrow) continue;
        is_wide_[c] = true;
        fits = false;
      }
      if (fits) return rows;
    }
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
  __attribute__((target("avx2,bmi,bmi2"), flatten)) int64_t cut_rows_avx2(Desk& desk, const char* at, const char* end) {
    return scan_.trim ? cut_rows<true, BySsse3>(desk, at, end) : cut_rows<false, BySsse3>(desk, at, end);
  }
#endif

  int64_t cut_rows_fast(Desk& desk, const char* at, const char* end) {
#if defined(__x86_64__)
    if (has_avx2_) return cut_rows_avx2(desk, at, end);
#endif
    return scan_.trim ? cut_rows<true, ByWords>(desk, at, end) : cut_rows<false, ByWords>(desk, at, end);
  }

  template <bool trim, class ReadNumber>
  int64_t cut_rows(Desk& desk, const char* at, const char* end) {
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
            if (*behind == '\n' && behind > at && behind[-1] == '\r') --behind;
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
  const char* take_quoted(Desk& desk, size_t c, int64_t row, const char* at, const char* end) {
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
      desk.unquoted.append(readable_bytes, ' ');
      text = desk.unquoted.data();
    }
    if (size > most_cell_bytes) return nullptr;
    take<ReadNumber>(desk.columns[c], row, text, size);
    ++at;
    if (trim)
      while (is_blank(*at) && *at != scan_.delimiter) ++at;
    if (*at == '\r' && at[1] == '\n') ++at;
    return at < end && (*at == '\n' || *at == scan_.delimiter) ? at : nullptr;
  }

  template <class ReadNumber>
  void take(Desk::Column& column, int64_t row, const char* text, size_t size) const {
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

  void append(Desk& desk) {
    if (desk.rows < 0) return give_up(Outcome::bad);
    const int64_t chunk = desk.chunk;
    const auto rows = static_cast<size_t>(desk.rows);
    const uint64_t from = std::max<uint64_t>(static_cast<uint64_t>(chunk) * scan_.chunk_bytes, 1) - 1;
    const uint64_t next = std::min((static_cast<uint64_t>(chunk) + 1) * scan_.chunk_bytes, scan_.bytes);
    const size_t before = chunk > 0;
    hash_.append(desk.text() + before, next - from - before);
    const auto at = static_cast<size_t>(found_.rows);
    if (at + rows > capacity_) return give_up(Outcome::full);
    for (size_t c = 0; c < found_.columns.size(); ++c) {
      if (given_up_[c] || !desk.columns[c].is_kept) continue;
      if (!merge(desk.columns[c], tables_[c])) {
        given_up_[c] = true;
        continue;
      }
      found_.columns[c].has_numbers |= desk.columns[c].has_numbers;
      if (!desk.columns[c].is_narrow) widen(found_.columns[c]);
      put(desk.columns[c], rows, found_.columns[c], at);
    }
    found_.rows += static_cast<int64_t>(rows);
  }

  // Knows the column's new words by the index that they have among all threads'; false where they are too many.
  static bool merge(Desk::Column& column, WordTable& table) {
    const std::vector<std::string>& words = column.words.words();
    for (size_t i = column.merged.size(); i < words.size(); ++i) {
      std::string word = words[i];
      word.append(WordTable::readable_bytes, '\0');
      column.merged.push_back(table.index(word.data(), words[i].size()));
      column.is_same = column.is_same && column.merged.back() == i;
    }
    return table.size() <= most_words;
  }

  void widen(KeptColumn& column) const {
    if (column.wide) return;
    auto wide = std::make_unique_for_overwrite<double[]>(capacity_);
    column.copy_cells(0, {wide.get(), static_cast<size_t>(found_.rows)});
    column.wide = std::move(wide);
    column.narrow.reset();
  }

  static void put(const Desk::Column& column, size_t rows, KeptColumn& into, size_t at) {
    const auto merged = [&](uint32_t word) { return column.merged[word]; };
    if (into.narrow) {
      std::copy_n(column.narrow, rows, into.narrow.get() + at);
      for (size_t i = 0; !column.is_same && i < rows; ++i)
        if (int32_t& cell = into.narrow[at + i]; NarrowCell::is_word(cell))
          cell = NarrowCell::of_word(merged(NarrowCell::word(cell)));
      return;
    }
    for (size_t i = 0; i < rows; ++i) {
      const double cell = column.is_narrow ? NarrowCell::value(column.narrow[i], column.decimals) : column.wide[i];
      into.wide[at + i] = KeptCell::is_word(cell) ? KeptCell::of_word(merged(KeptCell::word(cell))) : cell;
    }
  }

  const CsvScan& scan_;
  const size_t capacity_;
  const bool has_avx2_ = cpu_features().avx2;
  std::vector<std::string> number_words_;
  KeptCells found_;
  std::vector<WordTable> tables_;
  std::deque<std::atomic<bool>> given_up_, is_wide_;  // of each column
  Xxh64 hash_;
  std::atomic<Outcome> outcome_ = Outcome::done;
  std::mutex mutex_;  // of what follows
  std::condition_variable drained_;
  std::map<int64_t, std::unique_ptr<Desk>> waiting_;  // for those before them, by their chunks
  int64_t next_ = 0;                                  // chunk to be appended
  bool is_appending_ = false;
  std::vector<std::unique_ptr<Desk>> desks_;  // that no thread has
};

}  // namespace

std::optional<CsvScanned> scan_csv(const CsvScan& scan) {
  const auto most = static_cast<double>(scan.bytes);
  // A row is a byte a column at least.
  for (double rows = 1.25 * most / scan.row_bytes + 1000;; rows *= 4) {
    Scanner scanner(scan, static_cast<size_t>(std::min(rows, most)) + 1);
    const Scanner::Outcome outcome = scanner.scan();
    if (outcome == Scanner::Outcome::done) return scanner.take();
    if (outcome == Scanner::Outcome::bad) return {};
  }
}

}  // namespace dl
