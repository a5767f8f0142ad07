// One pass over the text; cells are places in it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_text.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <numeric>
#include <set>

#include "lib/base/cpu.h"
#include "lib/base/in_parallel.h"
#include "lib/base/text.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

constexpr uint64_t most_text_bytes = uint64_t{1} << 40;
constexpr size_t head_bytes = 256 << 10;
constexpr int64_t head_lines = 1000;  // by which it is judged how many cells there will be
constexpr size_t least_bytes_for_threads = 4 << 20;
constexpr int64_t head_rows = 100;  // by which the delimiter and the header are recognised
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string read_text(ByteSource& source, size_t most = SIZE_MAX) {
  std::string text;
  if (!source.compressed()) text.reserve(std::min<uint64_t>(source.file_bytes(), most) + 1);
  constexpr size_t piece = 4 << 20;
  for (size_t got = piece; got == piece && text.size() < most;) {
    const size_t before = text.size();
    text.resize(before + piece);
    got = source.read(text.data() + before, piece);
    text.resize(before + got);
  }
  if (text.size() > most) text.resize(most);
  return text;
}

// A line of the head with its cells counted as a delimiter cuts it.
struct Cut {
  int64_t cells = 1, numbers = 0;
};

bool is_number(std::string_view cell) {
  cell = trim(cell);
  if (cell.size() > 1 && cell.ends_with('%')) cell.remove_suffix(1);
  return cell_number(cell) || cell_number(cell, {.decimal = ','});
}

// Cuts at `delimiter`, ' ' for runs of blanks, outside of quotes.
Cut cut(std::string_view line, char delimiter) {
  Cut result;
  if (delimiter == ' ') line = trim(line);
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    const bool ends = i == line.size() || (!quoted && (delimiter == ' ' ? is_blank(line[i]) : line[i] == delimiter));
    if (!ends) continue;
    result.numbers += is_number(line.substr(begin, i - begin));
    if (delimiter == ' ')
      while (i + 1 < line.size() && is_blank(line[i + 1])) ++i;
    begin = i + 1;
    result.cells += i < line.size();
  }
  return result;
}

// The delimiter of which most lines have as many as each other; of several the one that leaves the most numbers.
char recognised_delimiter(const std::vector<std::string_view>& lines) {
  char best = ',';
  double best_score = 0;
  for (const char delimiter : {',', ';', '\t', '|', ' '}) {
    std::map<int64_t, int64_t> counts;
    int64_t cells = 0, numbers = 0;
    for (const std::string_view line : lines) {
      const Cut found = cut(line, delimiter);
      ++counts[found.cells];
      cells += found.cells;
      numbers += found.numbers;
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
    if (most == counts.end() || most->first < 2) continue;
    const double alike = static_cast<double>(most->second) / static_cast<double>(lines.size());
    const double numeric = static_cast<double>(numbers) / static_cast<double>(cells);
    if (delimiter == ' ' && (best_score > 0 || numeric < 0.5 || alike < 1)) continue;  // else it is text
    if (alike < 0.5) continue;
    const double score = alike + numeric;
    if (score > best_score) {
      best = delimiter;
      best_score = score;
    }
  }
  return best;
}

}  // namespace

// The same file with its text in memory, read when that is needed.
struct CsvText::Whole {
  CsvForm form;
  std::once_flag once;
  std::unique_ptr<const CsvText> text;
};

// How many lines end before each block of the text; counted when a place is first asked for.
struct CsvText::LineEnds {
  static constexpr uint64_t block = 4 << 10;
  std::once_flag once;
  std::vector<int64_t> before;
};

CsvText::CsvText(const std::filesystem::path& path, const CsvForm& form) : CsvText() {
  path_ = path;
  ByteSource source(path);
  if (form.keep && keep(source, form)) return;
  if (text_.empty()) text_ = read_text(source);
  xxh64_ = source.xxh64();
  DL_CHECK(text_.size() < most_text_bytes, text_.size());
  if (const size_t bad = not_text_at(text_); bad != std::string::npos)
    throw Error(Exit::data, not_text(text_, bad, path));
  if (text_.find('\n') == std::string::npos && std::ranges::count(text_, '\r') > 1)  // as Excel for a Mac writes it
    std::ranges::replace(text_, '\r', '\n');
  parse(form);
}

CsvText::CsvText() : line_ends_(std::make_unique<LineEnds>()) {}

CsvText::~CsvText() = default;

// Cells as numbers and words; false where the file is too small, not plain enough or wrong: its text is read then.
bool CsvText::keep(ByteSource& source, const CsvForm& form) {
  if (source.most_bytes() < form.keep->least_bytes) return false;
  if (source.compressed()) text_ = read_text(source);
  const uint64_t bytes = source.compressed() ? text_.size() : source.file_bytes();
  if (bytes < form.keep->least_bytes) return false;
  CsvScan scan{.read =
                   [&](uint64_t offset, char* into, size_t size) {
                     if (source.compressed())
                       std::memcpy(into, text_.data() + offset, size);
                     else
                       source.read_at(offset, into, size);
                   },
               .bytes = bytes,
               .comment = form.comment,
               .words = form.keep->words,
               .chunk_bytes = form.keep->chunk_bytes,
               .threads = form.keep->threads > 0 ? form.keep->threads : usable_cores()};
  CsvText head;
  head.path_ = path_;
  head.text_.resize(std::min<uint64_t>(bytes, form.keep->head_bytes));
  scan.read(0, head.text_.data(), head.text_.size());
  if (!head.is_head(form)) return false;
  head.describe_rows(scan);
  scan.trim = form.trim;
  auto found = scan_csv(scan);
  if (!found) return false;
  // Whether the last column is none was judged by the head alone.
  const KeptColumn& last = found->cells.columns.back();
  if (head.columns_ < head.stride_ &&
      (!last.is_kept || last.has_numbers || last.words != std::vector<std::string>{std::string()}))
    return false;
  text_ = std::move(head.text_);
  delimiter_ = head.delimiter_;
  cells_ = std::move(head.cells_);
  names_ = std::move(head.names_);
  begin_ = head.begin_;
  first_cells_ = head.first_cells_;
  indexed_rows_ = head.rows_;
  columns_ = head.columns_;
  stride_ = head.stride_;
  rows_ = found->cells.rows;
  xxh64_ = found->xxh64;
  kept_ = std::move(found->cells);
  whole_ = std::make_unique<Whole>();
  whole_->form = form;
  whole_->form.keep.reset();
  return true;
}

// Whether the text, a file's first bytes, is enough to tell what its rows are; they are known then.
bool CsvText::is_head(const CsvForm& form) {
  text_.resize(text_.rfind('\n') + 1);
  if (not_text_at(text_) != std::string::npos) return false;
  try {
    parse(form);
  } catch (const Error&) {
    return false;
  }
  return delimiter_ != ' ' && rows_ > head_rows;
}

// Where they begin, and what their columns are likely to be.
void CsvText::describe_rows(CsvScan& scan) const {
  scan.begin = text_.rfind('\n', cells_[begin_].begin) + 1;
  if (scan.begin == 0 && text_.starts_with(byte_order_mark)) scan.begin = byte_order_mark.size();
  scan.delimiter = delimiter_;
  scan.row_bytes = static_cast<double>(text_.size() - scan.begin) / static_cast<double>(rows_);
  for (int64_t c = 0; c < stride_; ++c) scan.columns.push_back(likely_column(c));
}

CsvScan::Column CsvText::likely_column(int64_t c) const {
  const int64_t rows = std::min(rows_, head_lines);
  std::set<std::string_view> kinds;
  int64_t words = 0;
  std::vector<ShortNumber> numbers;
  bool all_short = true;
  for (int64_t row = 0; row < rows; ++row) {
    const std::string_view text = cell(row, c);
    if (!kinds.insert(text).second) continue;
    if (ShortNumber number; short_number(text, number))
      numbers.push_back(number);
    else if (cell_number(text))
      all_short = false;
    else
      ++words;
  }
  int decimals = 0, code = 0;
  for (const ShortNumber& number : numbers) decimals = std::max(decimals, number.behind);
  const bool is_narrow =
      all_short && decimals <= NarrowCell::most_decimals &&
      std::ranges::all_of(numbers, [&](const auto& number) { return NarrowCell::of_number(number, decimals, code); });
  return {.is_kept = 2 * words <= rows,
          .numbers_are_words = 4 * std::ssize(kinds) <= rows,
          .decimals = is_narrow ? std::optional(decimals) : std::nullopt};
}

const CsvText& CsvText::whole() const {
  std::call_once(whole_->once, [&] {
    auto text = std::make_unique<const CsvText>(path_, whole_->form);
    if (text->xxh64_ != xxh64_)
      throw Error(Exit::data, Problem{.where = {.file = path_.string()},
                                      .what = "the file has changed since it was read",
                                      .help = "start again"});
    whole_->text = std::move(text);
  });
  return *whole_->text;
}

std::string_view CsvText::cell_behind(int64_t row, int64_t column) const {
  const KeptColumn* const words = kept(column);
  const std::string* const word = words ? words->word(row) : nullptr;
  return word ? std::string_view(*word) : whole().cell(row, column);
}

std::vector<std::vector<std::string>> CsvText::first_rows(const std::filesystem::path& path, const CsvForm& form,
                                                          int64_t rows) {
  ByteSource source(path);
  CsvText head;
  head.path_ = path;
  head.text_ = read_text(source, head_bytes);
  std::vector<std::vector<std::string>> found;
  for (uint64_t at = head.begin_of_rows(form); at < head.text_.size() && std::ssize(found) < rows;) {
    head.cells_.clear();
    if (const uint64_t next = head.after_empty_line(at, form)) {
      at = next;
      continue;
    }
    at = head.parse_row(at, form);
    std::vector<std::string>& row = found.emplace_back();
    for (const Cell& cell : head.cells_) row.emplace_back(head.text_.substr(cell.begin, cell.bytes));
  }
  return found;
}

// Where the first row begins; knows the delimiter after that.
uint64_t CsvText::begin_of_rows(const CsvForm& form) {
  uint64_t at = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const std::string_view text = text_;
  const auto line_at = [&](uint64_t from) { return text.substr(from, text.find('\n', from) - from); };
  std::optional<char> delimiter = form.delimiter;
  if (const std::string_view line = trim(line_at(at)); line.size() == 5 && line.starts_with("sep=")) {
    at += line_at(at).size() + 1;
    if (!delimiter) delimiter = line[4];
  }
  for (int64_t i = 0; i < form.skip && at < text.size(); ++i) at += line_at(at).size() + 1;
  at = std::min<uint64_t>(at, text.size());
  std::vector<std::string_view> lines;
  for (uint64_t from = at;
       !delimiter && from < text.size() && from - at < head_bytes && std::ssize(lines) < head_rows;) {
    std::string_view line = line_at(from);
    // A line whose quotes are not closed goes on in the next.
    while (std::ranges::count(line, '"') % 2 && from + line.size() < std::min(text.size(), at + head_bytes))
      line = text.substr(from, line.size() + 1 + line_at(from + line.size() + 1).size());
    from += line.size() + 1;
    const bool is_comment = !form.comment.empty() && line.starts_with(form.comment);
    if (!is_comment && !trim(line).empty())
      lines.push_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
  }
  delimiter_ = delimiter ? *delimiter : recognised_delimiter(lines);
  return at;
}

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

bool CsvText::begins_as_row(const CsvForm& form) const { return form.begins_row && form.begins_row(cell(0, 0)); }

bool CsvText::first_row_has_numbers() const {
  return std::any_of(cells_.begin(), cells_.begin() + first_cells_, [&](const Cell& cell) {
    return cell_number(std::string_view(text_).substr(cell.begin, cell.bytes)).has_value();
  });
}

bool CsvText::first_row_is_header(const CsvForm& form) const {
  const std::vector<std::string>& expected = form.names;
  const auto known = [&](int64_t c) { return std::ranges::count(expected, cell(0, c)) > 0; };
  int64_t names = 0, above_numbers = 0, numbers = 0, repeated = 0;
  for (int64_t c = 0; c < columns_; ++c) {
    const std::string_view first = cell(0, c);
    names += known(c);
    bool numeric = false, again = false;
    for (int64_t row = 1; row < std::min(rows_, head_rows); ++row) {
      const std::string_view below = cell(row, c);
      again = again || below == first;
      if (is_missing_word(below)) continue;
      numeric = is_number(below);
      if (!numeric) break;
    }
    repeated += again && !first.empty();
    if (is_missing_word(first)) continue;
    const bool is_number_itself = is_number(first);
    above_numbers += numeric && !is_number_itself;
    numbers += (numeric || rows_ == 1) && is_number_itself;
  }
  if (2 * names > columns_) return true;
  if (begins_as_row(form)) return false;
  if (above_numbers > 0 || numbers > 0) return above_numbers > 0;
  return expected.empty() && repeated == 0;
}

// The first row is no row but names the others' columns.
void CsvText::take_header(bool is_short) {
  for (int64_t c = 0; c < first_cells_; ++c) names_.emplace_back(cell(0, c));
  begin_ = static_cast<size_t>(first_cells_);
  indexed_rows_ = --rows_;
  const bool last_is_empty = [&] {
    for (int64_t row = 0; row < rows_; ++row)
      if (!cell(row, stride_ - 1).empty()) return false;
    return true;
  }();
  if (last_is_empty && stride_ > 1 && (is_short || names_.back().empty())) {
    columns_ = stride_ - 1;
    names_.resize(static_cast<size_t>(columns_));
  } else if (is_short) {
    names_.insert(names_.begin(), "");
  }
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
      if ((at == size || text[at] == '\n') && end > begin && text[end - 1] == '\r') --end;
      if (trims)
        while (end > begin && is_blank(text[end - 1])) --end;
      add(begin, end);
    }
    if (blanks_delimit) {  // those at the line's end delimit nothing
      while (at < size && (is_blank(text[at]) || (text[at] == '\r' && (at + 1 == size || text[at + 1] == '\n')))) ++at;
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
  if (at < text_.size() && text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n')) ++at;
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

Where CsvText::where(int64_t row, int64_t column) const {
  if (row >= indexed_rows_) try {
      return whole().where(row, column);
    } catch (const Error&) {
      return {.file = path_.string()};
    }
  return where(uint64_t{cells_[begin_ + static_cast<size_t>(row * stride_ + column)].begin});
}

Where CsvText::first_where() const { return where(uint64_t{cells_[0].begin}); }

// As located() says, but that not all of the text before is looked at each time.
Where CsvText::where(uint64_t at) const {
  const std::string_view text = text_;
  std::call_once(line_ends_->once, [&] {
    int64_t count = 0;
    for (uint64_t begin = 0; begin < text.size(); begin += LineEnds::block) {
      line_ends_->before.push_back(count);
      count += std::ranges::count(text.substr(begin, LineEnds::block), '\n');
    }
  });
  const uint64_t block = std::min(at / LineEnds::block, line_ends_->before.size() - 1), begin = block * LineEnds::block;
  const int64_t ends = line_ends_->before[block] + std::ranges::count(text.substr(begin, at - begin), '\n');
  const size_t line_begin = text.substr(0, at).rfind('\n') + 1;  // 0 where there is none
  return {.file = path_.string(), .line = static_cast<int>(ends) + 1, .column = static_cast<int>(at - line_begin) + 1};
}

void CsvText::fail(uint64_t at, std::string what, std::string help) const {
  throw Error(Exit::data, Problem{.where = where(at), .what = std::move(what), .help = std::move(help)});
}

}  // namespace dl
