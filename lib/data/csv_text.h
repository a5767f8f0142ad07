// A CSV file as cells of text, each with its place in the file (RFC 4180, and what files depart from it by).
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace dl {

struct CsvForm {
  char delimiter = ',';
  bool header = true;   // the first row names the columns
  bool trim = true;     // spaces and tabs around cells are no part of them
  int64_t skip = 0;     // lines at the beginning that are passed over
  std::string comment;  // lines that begin with it are passed over; empty: none
};

// Rows end with \n or \r\n; lines without anything in them are passed over. A cell in double quotes may hold delimiters
// and line ends, and quotes written twice. All rows have as many cells as the first. gzip is read too.
class CsvText {
 public:
  // Reads all of it. A quote that is not closed, text after a closing quote, a row that is longer or shorter than the
  // first, bytes that are no UTF-8 and a file without rows are an Error(Exit::data) with line and column.
  CsvText(const std::filesystem::path& path, const CsvForm& form);

  int64_t rows() const { return rows_; }  // but for the header
  int64_t columns() const { return columns_; }
  const std::vector<std::string>& names() const { return names_; }  // of the header; empty without one
  std::string_view cell(int64_t row, int64_t column) const {
    const Cell& cell = cells_[static_cast<size_t>(row * columns_ + column)];
    return std::string_view(text_).substr(cell.begin, cell.bytes);
  }
  Where where(int64_t row, int64_t column) const;
  const std::filesystem::path& path() const { return path_; }
  uint64_t xxh64() const { return xxh64_; }  // of the file, decompressed

 private:
  struct Cell {
    uint64_t begin : 40, bytes : 24;
  };
  Where where(uint64_t at) const;
  [[noreturn]] void fail(uint64_t at, std::string what, std::string help = {}) const;
  void parse(const CsvForm& form);
  uint64_t parse_row(uint64_t at, const CsvForm& form);
  uint64_t parse_quoted(uint64_t at, const CsvForm& form);
  void add_cell(uint64_t begin, uint64_t end);

  std::filesystem::path path_;
  std::string text_;  // quotes that were written twice are single, filled up with spaces behind
  std::vector<Cell> cells_;
  std::vector<std::string> names_;
  int64_t rows_ = 0, columns_ = 0;
  uint64_t xxh64_ = 0;
};

}  // namespace dl
