// One pass over the text; cells are places in it. Of many rows without quotes all threads take a part.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <numeric>

#include "lib/base/cpu.h"
#include "lib/base/in_parallel.h"
#include "lib/base/text.h"
#include "lib/data/table/csv_text.h"

namespace dl {
namespace {

constexpr size_t least_bytes_for_threads = 4 << 20;

}  // namespace

// Where the next line begins, where the one there is empty or a comment; else 0.
uint64_t CsvText::after_empty_line(uint64_t at, const CsvForm& form) const {
  uint64_t i = at;
  while (i < text_.size() && (is_blank(text_[i]) || text_[i] == '\r')) ++i;
  const bool is_empty = i >= text_.size() || text_[i] == '\n';
  const bool is_comment = !form.comment.empty() && std::string_view(text_).substr(at).starts_with(form.comment);
  if (!is_empty && !is_comment) return 0;
  return std::min<uint64_t>(text_.find('\n', is_empty ? i : at), text_.size()) + 1;
}

void CsvText::parse(const CsvForm& form) {
  uint64_t at = begin_of_rows(form);
  const uint64_t begin = at;
  bool short_header = false;
  int64_t lines = 0;  // but for empty ones and comments
  while (at < text_.size()) {
    if (const uint64_t next = after_empty_line(at, form)) {
      at = next;
      continue;
    }
    const size_t before = cells_.size();
    const uint64_t line = at;
    at = parse_row(at, form);
    const auto found = static_cast<int64_t>(cells_.size() - before);
    if (lines == 0) first_cells_ = stride_ = found;
    if (lines == 1 && found == first_cells_ + 1 &&
        form.header.value_or(!first_row_has_numbers() && !begins_as_row(form))) {
      short_header = true;
      stride_ = found;
    }
    if (found != stride_) fail_ragged(line, found, short_header, form);
    ++lines;
    if (lines == head_lines) {
      if (const auto more = parse_on_all_threads(at, form)) {
        lines += *more;
        break;
      }
      const double more = static_cast<double>(text_.size() - at) / static_cast<double>(at - begin);
      cells_.reserve(cells_.size() + static_cast<size_t>(1.02 * more * static_cast<double>(cells_.size())) + 1000);
    }
  }
  rows_ = indexed_rows_ = lines;
  columns_ = stride_;
  if (short_header || (lines > 0 && form.header.value_or(first_row_is_header(form)))) take_header(short_header);
  if (rows_ == 0)
    throw Error(Exit::data, Problem{.where = {.file = path_.string()}, .what = "expected rows, the file has none"});
}

void CsvText::fail_ragged(uint64_t line, int64_t found, bool short_header, const CsvForm& form) const {
  const bool one = found == 1 || stride_ == 1;
  fail(line,
       concat("expected ", count_of(stride_, "cell"), " as in the ", short_header ? "row before" : "first row",
              ", found ", found),
       one ? form.ragged_help : "mend the line: a cell that holds the delimiter stands in double quotes");
}

// The rows from there to the end, each as long as those before; returns how many they are. Nothing is done, and nothing
// returned, where that would not pay, or where a row is not as it should be, as only the first such is told.
std::optional<int64_t> CsvText::parse_on_all_threads(uint64_t at, const CsvForm& form) {
  const std::string_view text = text_;
  const int threads = usable_cores();
  if (threads == 1 || text.size() - at < least_bytes_for_threads || text.find('"', at) != std::string_view::npos)
    return {};
  // Parts of whole lines, a few for each thread.
  std::vector<uint64_t> begins{at};
  const int64_t parts = 4 * int64_t{threads};
  for (int64_t i = 1; i <= parts; ++i) {
    const auto wanted = std::max(
        begins.back(), at + static_cast<uint64_t>(split(static_cast<int64_t>(text.size() - at), parts, i - 1).end));
    begins.push_back(std::min<uint64_t>(text.find('\n', wanted), text.size() - 1) + 1);
  }
  const auto for_each_row = [&](int64_t part, auto&& row) {
    const uint64_t end = begins[static_cast<size_t>(part) + 1];
    for (uint64_t line = begins[static_cast<size_t>(part)]; line < end;) {
      const uint64_t next = after_empty_line(line, form);
      line = next > 0 ? next : row(line);
    }
  };
  std::vector<int64_t> rows(static_cast<size_t>(parts) + 1);  // before each part
  in_parallel(parts, threads, [&](int64_t part) {
    int64_t count = 0;
    for_each_row(part, [&](uint64_t line) {
      ++count;
      return std::min<uint64_t>(text.find('\n', line), text.size()) + 1;
    });
    rows[static_cast<size_t>(part) + 1] = count;
  });
  std::partial_sum(rows.begin(), rows.end(), rows.begin());
  const size_t before = cells_.size();
  const auto stride = static_cast<size_t>(stride_);
  cells_.resize(before + static_cast<size_t>(rows.back()) * stride);
  std::atomic<bool> good = true;
  in_parallel(parts, threads, [&](int64_t part) {
    Cell* to = cells_.data() + before + static_cast<size_t>(rows[static_cast<size_t>(part)]) * stride;
    for_each_row(part, [&](uint64_t line) {
      size_t found = 0;
      const auto never = [](uint64_t, const CsvForm&) { return uint64_t{0}; };
      line = pass_row(line, form, never, [&](uint64_t begin, uint64_t end) {
        if (found < stride && end - begin <= most_cell_bytes) to[found] = {begin, end - begin};
        if (end - begin > most_cell_bytes) good = false;
        ++found;
      });
      if (found != stride) good = false;
      to += stride;
      return line;
    });
  });
  if (good) return rows.back();
  cells_.resize(before);
  return {};
}

// Behind the \r before a line's end; `at` where there is no line's end.
uint64_t CsvText::at_line_end(uint64_t at) const {
  uint64_t end = at;
  while (end < text_.size() && text_[end] == '\r') ++end;
  return end == text_.size() || text_[end] == '\n' ? end : at;
}

uint64_t CsvText::parse_row(uint64_t at, const CsvForm& form) {
  return pass_row(
      at, form, [this](uint64_t begin, const CsvForm& of) { return parse_quoted(begin, of); },
      [this](uint64_t begin, uint64_t end) { cells_.push_back(cell_of(begin, end)); });
}

// Calls add(begin, end) for the cells of the row that begins there, and quoted(begin, form) for those in quotes, which
// returns where they end; returns where the next row begins.
template <class Quoted, class Add>
uint64_t CsvText::pass_row(uint64_t at, const CsvForm& form, Quoted quoted, Add add) const {
  const char delimiter = delimiter_;
  const bool blanks_delimit = delimiter == ' ', trims = form.trim || blanks_delimit;
  const char* const text = text_.data();
  const uint64_t size = text_.size();
  while (true) {
    uint64_t begin = at;
    if (trims)
      while (begin < size && is_blank(text[begin]) && (text[begin] != delimiter || blanks_delimit)) ++begin;
    if (begin < size && text[begin] == '"') {
      at = quoted(begin + 1, form);
    } else {
      at = begin;
      if (blanks_delimit)
        while (at < size && text[at] != '\n' && !is_blank(text[at])) ++at;
      else
        while (at < size && text[at] != '\n' && text[at] != delimiter) ++at;
      uint64_t end = at;
      if (at == size || text[at] == '\n')
        while (end > begin && text[end - 1] == '\r') --end;
      if (trims)
        while (end > begin && is_blank(text[end - 1])) --end;
      add(begin, end);
    }
    if (blanks_delimit) {  // those at the line's end delimit nothing
      while (at < size && is_blank(text[at])) ++at;
      at = at_line_end(at);
      if (at < size && text[at] != '\n') continue;
    }
    if (at >= size || text[at] == '\n') return at + 1;
    ++at;  // the delimiter
  }
}

// The cell whose first quote stands before `at`; returns where the delimiter or the line's end stands.
uint64_t CsvText::parse_quoted(uint64_t at, const CsvForm& form) {
  const uint64_t begin = at;
  uint64_t end = at;  // of the cell with its quotes made single
  for (;; ++at) {
    if (at >= text_.size())
      fail(begin - 1, "expected a closing quote, found none to the file's end", "close the quote");
    if (text_[at] == '"') {
      ++at;
      if (at >= text_.size() || text_[at] != '"') break;
    }
    text_[end++] = text_[at];
  }
  std::fill(text_.begin() + static_cast<std::ptrdiff_t>(end), text_.begin() + static_cast<std::ptrdiff_t>(at) - 1, ' ');
  cells_.push_back(cell_of(begin, end));
  const uint64_t after = at;
  if (delimiter_ == ' ' && at < text_.size() && is_blank(text_[at])) return at;
  if (form.trim)
    while (at < text_.size() && is_blank(text_[at]) && text_[at] != delimiter_) ++at;
  at = at_line_end(at);
  if (at < text_.size() && text_[at] != delimiter_ && text_[at] != '\n')
    fail(after, "expected a delimiter or the line's end after a closing quote",
         "write a quote inside quotes twice: \"\"");
  return at;
}

CsvText::Cell CsvText::cell_of(uint64_t begin, uint64_t end) const {
  if (end - begin > most_cell_bytes)
    fail(begin, concat("expected a cell of at most ", most_cell_bytes, " bytes, found ", end - begin));
  return {begin, end - begin};
}

}  // namespace dl
