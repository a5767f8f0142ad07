// A CSV file as cells of text, each with its place in the file (RFC 4180, and what files depart from it by).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/table/csv_scan.h"
#include "lib/data/table/kept_cells.h"
#include "lib/data/table/table_text.h"

namespace dl {

class ByteSource;

// How a file's cells are made numbers as they are read, so that its text need not stay.
struct CsvKeeping {
  std::vector<std::string> words;    // kept by their text though they may be numbers
  uint64_t least_bytes = 4 << 20;    // of a file: the text of a smaller one stays
  uint64_t chunk_bytes = 256 << 10;  // that a thread reads at a time
  uint64_t head_bytes = 256 << 10;   // by which it is judged what the rows and columns are
  int threads = 0;                   // 0: usable_cores()
};

struct CsvForm {
  // Between cells; ' ' stands for any run of blanks. Unset: the one of , ; tab | and blanks by which the first lines
  // are cut into cells alike, of several that which leaves the most numbers.
  std::optional<char> delimiter;
  // Whether the first row names the columns. Unset: yes where most of its cells are among `names`; else by columns of
  // numbers, if its cell there is none; else, where no names are expected, if none of its cells comes again below.
  std::optional<bool> header;
  std::vector<std::string> names;  // that a header is expected to have
  bool trim = true;                // spaces and tabs around cells are no part of them
  int64_t skip = 0;                // lines at the beginning that are passed over
  std::string comment;             // lines that begin with it are passed over; empty: none
  std::optional<CsvKeeping> keep;  // unset: the text stays
  // Whether a text may begin a row and never a header, so that a first row with it is none; unset: not known.
  std::function<bool(std::string_view)> begins_row;
  std::string ragged_help = "write 'delimiter' as the file has it, or take the lines out that are no rows";
};

// Rows end with \n or \r\n, or as some programs of Windows have it \r\r\n; lines without anything in them are passed
// over, and a first line "sep=;" names the delimiter, as Excel has it. A cell in double quotes may hold delimiters and
// line ends, and quotes written twice. All rows have as many cells as the first; where they have one more than the
// first row, that row is the header and the first column has no name (R's row names), or, where all their last cells
// are empty, that cell is none. gzip is read too.
class CsvText final : public TableText {
 public:
  // Reads all of it. A quote that is not closed, text after a closing quote, a row that is longer or shorter than the
  // first, bytes that are no UTF-8 and a file without rows are an Error(Exit::data) with line and column.
  CsvText(const std::filesystem::path& path, const CsvForm& form);
  ~CsvText() override;

  int64_t rows() const override { return rows_; }  // but for the header
  int64_t columns() const override { return columns_; }
  const std::vector<std::string>& names() const override { return names_; }  // of the header; empty without one
  bool has_header() const { return !names_.empty(); }
  bool names_stand_above_numbers() const;  // in the first row, which was said to be no header
  char delimiter() const override { return delimiter_; }
  // Where columns are kept, a number's text behind the first rows is read again: a file that has changed is an
  // Error(Exit::data) then.
  std::string_view cell(int64_t row, int64_t column) const override {
    if (row >= indexed_rows_) return cell_behind(row, column);
    const Cell& cell = cells_[begin_ + static_cast<size_t>(row * stride_ + column)];
    return std::string_view(text_).substr(cell.begin, cell.bytes);
  }
  // The column as it was kept; null where its text is in memory.
  const KeptColumn* kept(int64_t column) const override {
    return kept_ && kept_->columns[static_cast<size_t>(column)].is_kept ? &kept_->columns[static_cast<size_t>(column)]
                                                                        : nullptr;
  }
  Where where(int64_t row, int64_t column) const override;
  Where first_where() const override;  // of the header, or of the first row
  const std::filesystem::path& path() const override { return path_; }
  uint64_t xxh64() const override { return xxh64_; }  // of the file, decompressed

  // The first rows of a file as they stand there, a header among them, however many cells each has.
  static std::vector<std::vector<std::string>> first_rows(const std::filesystem::path& path, const CsvForm& form,
                                                          int64_t rows);

 private:
  struct Cell {
    uint64_t begin : 40, bytes : 24;
  };
  struct Whole;
  struct LineEnds;
  static constexpr size_t head_bytes = 256 << 10;
  static constexpr int64_t head_rows = 100;    // by which the delimiter and the header are recognised
  static constexpr int64_t head_lines = 1000;  // by which it is judged how many cells there will be
  static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  CsvText();
  bool keep(ByteSource& source, const CsvForm& form);
  bool is_head(const CsvForm& form);
  void describe_rows(CsvScan& scan) const;
  CsvScan::Column likely_column(int64_t column) const;
  const CsvText& whole() const;
  std::string_view cell_behind(int64_t row, int64_t column) const;
  Where where(uint64_t at) const;
  [[noreturn]] void fail(uint64_t at, std::string what, std::string help = {}) const;
  [[noreturn]] void fail_ragged(uint64_t line, int64_t found, bool short_header, const CsvForm& form) const;
  void parse(const CsvForm& form);
  std::optional<int64_t> parse_on_all_threads(uint64_t at, const CsvForm& form);
  uint64_t begin_of_rows(const CsvForm& form);
  uint64_t after_empty_line(uint64_t at, const CsvForm& form) const;
  uint64_t at_line_end(uint64_t at) const;
  template <class Quoted, class Add>
  uint64_t pass_row(uint64_t at, const CsvForm& form, Quoted quoted, Add add) const;
  uint64_t parse_row(uint64_t at, const CsvForm& form);
  uint64_t parse_quoted(uint64_t at, const CsvForm& form);
  Cell cell_of(uint64_t begin, uint64_t end) const;
  bool begins_as_row(const CsvForm& form) const;
  bool first_row_has_numbers() const;
  // How many cells of the first row stand above numbers and are none, are numbers themselves, come again below.
  struct FirstRow {
    int64_t above_numbers = 0, numbers = 0, repeated = 0;
  };
  FirstRow first_row() const;
  bool first_row_is_header(const CsvForm& form) const;
  void take_header(bool is_short);

  std::filesystem::path path_;
  std::string text_;  // quotes that were written twice are single, filled up with spaces behind; or of it the head
  char delimiter_ = ',';
  std::vector<Cell> cells_;  // of the first row, which may be a header, and all others
  std::vector<std::string> names_;
  size_t begin_ = 0;         // the cell of row 0, column 0
  int64_t first_cells_ = 0;  // of the first row
  int64_t rows_ = 0, columns_ = 0, stride_ = 0;
  int64_t indexed_rows_ = 0;  // whose cells are in text_: all, or those of the head
  uint64_t xxh64_ = 0;
  std::optional<KeptCells> kept_;
  std::unique_ptr<Whole> whole_;  // where cells are kept
  std::unique_ptr<LineEnds> line_ends_;
};

}  // namespace dl
