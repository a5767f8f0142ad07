// The file as a whole: its text, or what is kept of it, and where its cells stand.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_text.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

#include "lib/base/cpu.h"
#include "lib/base/text.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

constexpr uint64_t most_text_bytes = uint64_t{1} << 40;

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

bool is_line_of_json(std::string_view line) {
  return line.starts_with("{\"") && line.ends_with('}') && line.find("\":") != std::string_view::npos;
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
  if (is_line_of_json(trim(std::string_view(text_).substr(0, text_.find('\n')))))
    fail(0, "expected cells, found an object of JSON", "write 'format: json_lines'");
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
