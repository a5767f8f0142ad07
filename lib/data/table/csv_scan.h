// The rows of a CSV file read once, by all threads, into columns of numbers and words.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/table/kept_cells.h"

namespace dl {

constexpr size_t most_cell_bytes = (size_t{1} << 24) - 1;  // of CSV

// What stands around cells, and between them where any run of blanks does.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct CsvScan {
  // Where bytes come from: writes `bytes` of them from `offset` on to `into`; several threads call it at once.
  std::function<void(uint64_t offset, char* into, size_t bytes)> read;
  uint64_t bytes = 0;
  uint64_t begin = 0;  // of the first row
  char delimiter = ',';
  bool trim = true;
  std::string comment;  // lines that begin with it are passed over; empty: none

  // One a column.
  struct Column {
    bool is_kept = true;
    bool numbers_are_words = false;  // of few kinds: their text is kept too
    std::optional<int> decimals;     // with which they likely are NarrowCells; unset: likely not
  };
  std::vector<Column> columns;
  std::vector<std::string> words;  // kept by their text though they may be numbers
  double row_bytes = 1;            // on average, as far as is known

  uint64_t chunk_bytes = 256 << 10;
  int threads = 1;
};

struct CsvScanned {
  KeptCells cells;
  uint64_t xxh64 = 0;  // of all bytes
};

// Nothing where a row is not as it should be, or the bytes are no text: CsvText tells what and where. What is found
// depends neither on the chunks nor on the threads, but for which columns of very many words are kept.
std::optional<CsvScanned> scan_csv(const CsvScan& scan);

}  // namespace dl
