// A CSV file as cells of text, each with its place in the file (RFC 4180, and what files depart from it by).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace dl {

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
};

// Rows end with \n or \r\n; lines without anything in them are passed over, and a first line "sep=;" names the
// delimiter, as Excel has it. A cell in double quotes may hold delimiters and line ends, and quotes written twice. All
// rows have as many cells as the first; where they have one more than the first row, that row is the header and the
// first column has no name (R's row names), or, where all their last cells are empty, that cell is none. gzip is read
// too.
class CsvText {
 public:
  // Reads all of it. A quote that is not closed, text after a closing quote, a row that is longer or shorter than the
  // first, bytes that are no UTF-8 and a file without rows are an Error(Exit::data) with line and column.
  CsvText(const std::filesystem::path& path, const CsvForm& form);

  int64_t rows() const { return rows_; }  // but for the header
  int64_t columns() const { return columns_; }
  const std::vector<std::string>& names() const { return names_; }  // of the header; empty without one
  bool has_header() const { return !names_.empty(); }
  char delimiter() const { return delimiter_; }
  std::string_view cell(int64_t row, int64_t column) const {
    const Cell& cell = cells_[begin_ + static_cast<size_t>(row * stride_ + column)];
    return std::string_view(text_).substr(cell.begin, cell.bytes);
  }
  Where where(int64_t row, int64_t column) const;
  Where first_where() const;  // of the header, or of the first row
  const std::filesystem::path& path() const { return path_; }
  uint64_t xxh64() const { return xxh64_; }  // of the file, decompressed

  // The first rows of a file as they stand there, a header among them, however many cells each has.
  static std::vector<std::vector<std::string>> first_rows(const std::filesystem::path& path, const CsvForm& form,
                                                          int64_t rows);

 private:
  CsvText() = default;
  struct Cell {
    uint64_t begin : 40, bytes : 24;
  };
  Where where(uint64_t at) const;
  [[noreturn]] void fail(uint64_t at, std::string what, std::string help = {}) const;
  [[noreturn]] void fail_ragged(uint64_t line, int64_t found, bool short_header) const;
  void parse(const CsvForm& form);
  std::optional<int64_t> parse_on_all_threads(uint64_t at, const CsvForm& form);
  uint64_t begin_of_rows(const CsvForm& form);
  uint64_t after_empty_line(uint64_t at, const CsvForm& form) const;
  template <class Quoted, class Add>
  uint64_t pass_row(uint64_t at, const CsvForm& form, Quoted quoted, Add add) const;
  uint64_t parse_row(uint64_t at, const CsvForm& form);
  uint64_t parse_quoted(uint64_t at, const CsvForm& form);
  Cell cell_of(uint64_t begin, uint64_t end) const;
  bool first_row_has_numbers() const;
  bool first_row_is_header(const std::vector<std::string>& expected) const;
  void take_header(bool is_short);

  std::filesystem::path path_;
  std::string text_;  // quotes that were written twice are single, filled up with spaces behind
  char delimiter_ = ',';
  std::vector<Cell> cells_;  // of the first row, which may be a header, and all others
  std::vector<std::string> names_;
  size_t begin_ = 0;         // the cell of row 0, column 0
  int64_t first_cells_ = 0;  // of the first row
  int64_t rows_ = 0, columns_ = 0, stride_ = 0;
  uint64_t xxh64_ = 0;
};

}  // namespace dl
