// Rows of a CSV file cut into cells that are made numbers and words where they lie.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/data/table/csv_place.h"
#include "lib/data/table/csv_scan.h"
#include "lib/data/table/word_table.h"

namespace dl {

// What one thread has of the chunk that it reads, and of the words that it has met so far.
struct CsvDesk {
  static constexpr size_t readable_bytes = 64;  // before and behind the text of a chunk

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
  std::vector<CsvPlace> places;  // of the cells of some rows
  std::vector<char> unquoted;    // of those rows, behind what must be readable
  size_t unquoted_bytes = 0;     // of it in use

  const char* text() const { return bytes.data() + readable_bytes; }
};

// Cuts the rows from `at` to `end`, which stands behind a line's end of the desk's text, into cells of its columns;
// returns how many rows they are, -1 where one is not as it should be. `number_words`: kept as words though they are
// numbers.
using CutCsvRows = int64_t (*)(const CsvScan& scan, std::span<const std::string> number_words, CsvDesk& desk,
                               const char* at, const char* end);

// The ways in which this processor can do so, whose results are the same; the fastest first.
std::vector<CutCsvRows> csv_row_cutters();

}  // namespace dl
