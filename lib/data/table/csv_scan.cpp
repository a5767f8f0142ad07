// The file is cut into chunks, these at line ends: each is read, checked, cut into cells and made numbers by one thread
// while it lies in the cache. In the order of the chunks their cells are put behind those before. A chunk may begin
// inside a quoted cell: then the one before it does not end where it begins, and nothing of all is kept.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_scan.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/base/memory.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_cutter.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

constexpr size_t readable_bytes = CsvDesk::readable_bytes;
constexpr size_t tail_bytes = 4 << 10;  // that are read beyond a chunk for its last line, at first
constexpr size_t most_words = 1 << 16;  // of a column that is kept
static_assert(most_words < NarrowCell::most_words);
constexpr size_t most_number_words = 4'000;  // of one whose numbers are words

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
      std::unique_ptr<CsvDesk> desk;
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
  std::unique_ptr<CsvDesk> take_desk(int64_t chunk) {
    std::unique_lock lock(mutex_);
    // Where one thread is held up the others read on, but not without bound; it is the one that may not wait.
    const auto most_waiting = static_cast<size_t>(3 * scan_.threads);
    drained_.wait(lock, [&] { return chunk == next_ || waiting_.size() < most_waiting || outcome_ != Outcome::done; });
    if (!desks_.empty()) {
      std::unique_ptr<CsvDesk> desk = std::move(desks_.back());
      desks_.pop_back();
      return desk;
    }
    auto desk = std::make_unique<CsvDesk>();
    desk->columns.resize(scan_.columns.size());
    return desk;
  }

  // What was read waits until all before it is appended; one thread at a time appends what can be.
  void hand_over(std::unique_ptr<CsvDesk> desk) {
    std::unique_lock lock(mutex_);
    waiting_.emplace(desk->chunk, std::move(desk));
    if (is_appending_) return;
    is_appending_ = true;
    while (!waiting_.empty() && waiting_.begin()->first == next_ && outcome_ == Outcome::done) {
      std::unique_ptr<CsvDesk> first = std::move(waiting_.begin()->second);
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

  void fill(CsvDesk& desk, uint64_t offset, size_t size) const {
    desk.bytes.resize(size + 2 * readable_bytes + 1);
    if (size > desk.size)
      scan_.read(offset + desk.size, desk.bytes.data() + readable_bytes + desk.size, size - desk.size);
    desk.size = size;
  }

  // Reads the rows that begin in the chunk; -1 where they are not as they should be.
  int64_t read_rows(int64_t chunk, CsvDesk& desk) {
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

  int64_t cut(CsvDesk& desk, const char* at, const char* end) {
    const size_t columns = scan_.columns.size(), room = static_cast<size_t>(end - at) / columns + 1;
    if (desk.room < room * columns) {
      desk.room = room * columns;
      desk.cells = std::make_unique_for_overwrite<double[]>(desk.room);
    }
    while (true) {
      for (size_t c = 0; c < columns; ++c) {
        CsvDesk::Column& column = desk.columns[c];
        column.wide = desk.cells.get() + c * room;
        column.narrow = reinterpret_cast<int32_t*>(column.wide);
        column.has_numbers = column.is_too_narrow = false;
        column.is_kept = !given_up_[c];
        column.is_narrow = !is_wide_[c];
        column.decimals = found_.columns[c].decimals;
        column.numbers_are_words = scan_.columns[c].numbers_are_words && column.words.size() < most_number_words;
      }
      const int64_t rows = cut_rows_(scan_, number_words_, desk, at, end);
      bool fits = true;
      for (size_t c = 0; rows >= 0 && c < columns; ++c) {
        if (!desk.columns[c].is_too_narrow) continue;
        is_wide_[c] = true;
        fits = false;
      }
      if (fits) return rows;
    }
  }

  void append(CsvDesk& desk) {
    if (desk.rows < 0) return give_up(Outcome::bad);
    const int64_t chunk = desk.chunk;
    const auto rows = static_cast<size_t>(desk.rows);
    const uint64_t from = std::max<uint64_t>(static_cast<uint64_t>(chunk) * scan_.chunk_bytes, 1) - 1;
    const uint64_t next = std::min((static_cast<uint64_t>(chunk) + 1) * scan_.chunk_bytes, scan_.bytes);
    const size_t before = chunk > 0;
    hash_.append(desk.text() + before, next - from - before);
    const auto at = static_cast<size_t>(found_.rows);
    if (at + rows > capacity_) return give_up(Outcome::full);
    give_room(at + rows);
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
  static bool merge(CsvDesk::Column& column, WordTable& table) {
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

  // Pages for rows that follow, so many at a time that the first of them are in the cache when they are written.
  void give_room(size_t rows) {
    constexpr size_t step = 8 << 10;
    for (; ready_ < rows; ready_ += step) {
      const size_t count = std::min(step, capacity_ - ready_);
      for (KeptColumn& column : found_.columns) {
        if (column.narrow) give_pages(column.narrow.get() + ready_, count * sizeof column.narrow[0]);
        if (column.wide) give_pages(column.wide.get() + ready_, count * sizeof column.wide[0]);
      }
    }
  }

  static void put(const CsvDesk::Column& column, size_t rows, KeptColumn& into, size_t at) {
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
  const CutCsvRows cut_rows_ = csv_row_cutters().front();
  const size_t capacity_;
  size_t ready_ = 0;  // rows that have their pages
  std::vector<std::string> number_words_;
  KeptCells found_;
  std::vector<WordTable> tables_;
  std::deque<std::atomic<bool>> given_up_, is_wide_;  // of each column
  Xxh64 hash_;
  std::atomic<Outcome> outcome_ = Outcome::done;
  std::mutex mutex_;  // of what follows
  std::condition_variable drained_;
  std::map<int64_t, std::unique_ptr<CsvDesk>> waiting_;  // for those before them, by their chunks
  int64_t next_ = 0;                                     // chunk to be appended
  bool is_appending_ = false;
  std::vector<std::unique_ptr<CsvDesk>> desks_;  // that no thread has
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
