// One pass over the text; cells are places in it.
#include "lib/data/csv_text.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/byte_source.h"

namespace dl {
namespace {

constexpr uint64_t most_text_bytes = uint64_t{1} << 40;
constexpr uint64_t most_cell_bytes = (uint64_t{1} << 24) - 1;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string read_text(ByteSource& source) {
  std::string text;
  constexpr size_t piece = 4 << 20;
  for (size_t got = piece; got == piece;) {
    const size_t before = text.size();
    text.resize(before + piece);
    got = source.read(text.data() + before, piece);
    text.resize(before + got);
  }
  return text;
}

}  // namespace

CsvText::CsvText(const std::filesystem::path& path, const CsvForm& form) : path_(path) {
  ByteSource source(path);
  text_ = read_text(source);
  xxh64_ = source.xxh64();
  DL_CHECK(text_.size() < most_text_bytes, text_.size());
  if (const size_t bad = invalid_utf8_at(text_); bad != std::string::npos)
    fail(bad, "expected UTF-8, found other bytes", "convert the file: iconv -t UTF-8");
  parse(form);
}

void CsvText::parse(const CsvForm& form) {
  uint64_t at = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const auto line_end = [&] { return std::min<uint64_t>(text_.find('\n', at), text_.size()); };
  for (int64_t i = 0; i < form.skip && at < text_.size(); ++i) at = line_end() + 1;
  while (at < text_.size()) {
    const uint64_t end = line_end();
    const std::string_view line = std::string_view(text_).substr(at, end - at);
    const bool is_comment = !form.comment.empty() && line.starts_with(form.comment);
    if (is_comment || trim(line).empty()) {
      at = end + 1;
      continue;
    }
    const size_t before = cells_.size();
    const uint64_t row_begin = at;
    at = parse_row(at, form);
    const auto found = static_cast<int64_t>(cells_.size() - before);
    if (columns_ == 0) columns_ = found;
    if (found != columns_)
      fail(row_begin, concat("expected ", columns_, " cells as in the first row, found ", found),
           found == 1 ? "write 'delimiter' as the file has it" : "");
    if (form.header && names_.empty()) {
      for (const Cell& cell : cells_) names_.emplace_back(text_.substr(cell.begin, cell.bytes));
      cells_.clear();
    } else {
      ++rows_;
    }
  }
  if (rows_ == 0)
    throw Error(Exit::data, Problem{.where = {.file = path_.string()}, .what = "expected rows, the file has none"});
}

// The cells of the row that begins there; returns where the next one does.
uint64_t CsvText::parse_row(uint64_t at, const CsvForm& form) {
  const auto is_end = [&](uint64_t i) { return i >= text_.size() || text_[i] == '\n'; };
  while (true) {
    uint64_t begin = at;
    if (form.trim)
      while (!is_end(begin) && is_blank(text_[begin]) && text_[begin] != form.delimiter) ++begin;
    if (!is_end(begin) && text_[begin] == '"') {
      at = parse_quoted(begin + 1, form);
    } else {
      for (at = begin; !is_end(at) && text_[at] != form.delimiter;) ++at;
      uint64_t end = at;
      if (is_end(at) && end > begin && text_[end - 1] == '\r') --end;
      if (form.trim)
        while (end > begin && is_blank(text_[end - 1])) --end;
      add_cell(begin, end);
    }
    if (is_end(at)) return at + 1;
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
  add_cell(begin, end);
  const uint64_t after = at;
  if (form.trim)
    while (at < text_.size() && is_blank(text_[at]) && text_[at] != form.delimiter) ++at;
  if (at < text_.size() && text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n')) ++at;
  if (at < text_.size() && text_[at] != form.delimiter && text_[at] != '\n')
    fail(after, "expected a delimiter or the line's end after a closing quote",
         "write a quote inside quotes twice: \"\"");
  return at;
}

void CsvText::add_cell(uint64_t begin, uint64_t end) {
  if (end - begin > most_cell_bytes)
    fail(begin, concat("expected a cell of at most ", most_cell_bytes, " bytes, found ", end - begin));
  cells_.push_back({begin, end - begin});
}

Where CsvText::where(int64_t row, int64_t column) const {
  return where(uint64_t{cells_[static_cast<size_t>(row * columns_ + column)].begin});
}

Where CsvText::where(uint64_t at) const {
  const auto begin = text_.begin(), here = begin + static_cast<std::ptrdiff_t>(std::min<uint64_t>(at, text_.size()));
  const size_t last_end = at == 0 ? std::string::npos : text_.rfind('\n', at - 1);
  const uint64_t line_begin = last_end == std::string::npos ? 0 : last_end + 1;
  return {.file = path_.string(),
          .line = static_cast<int>(std::count(begin, here, '\n')) + 1,
          .column = static_cast<int>(at - line_begin) + 1};
}

void CsvText::fail(uint64_t at, std::string what, std::string help) const {
  throw Error(Exit::data, Problem{.where = where(at), .what = std::move(what), .help = std::move(help)});
}

}  // namespace dl
