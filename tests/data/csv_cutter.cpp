// Rows cut in every way that this processor has.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_cutter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "lib/base/text.h"
#include "lib/data/table/kept_cells.h"

using namespace dl;

namespace {

const std::vector<std::string> cells{"1",
                                     "-2",
                                     "3.5",
                                     "-0.25",
                                     "0",
                                     "-0",
                                     "-0.0",
                                     "",
                                     ".",
                                     "-",
                                     ".5",
                                     "5.",
                                     "-.5",
                                     "1.2.3",
                                     "1-2",
                                     "--1",
                                     "+1",
                                     "12345678",
                                     "2147352575",
                                     "2147352576",
                                     "-2147352575",
                                     "214735.2576",
                                     "9999.999",
                                     "0.00001",
                                     "000000000000123",
                                     "0000000000000123",
                                     "1234567890123456789",
                                     "x",
                                     "Oslo",
                                     "New York",
                                     " 7 ",
                                     "\"8\"",
                                     "\"a,b\"",
                                     "\"a\"\"b\"",
                                     "\"-1.5\"",
                                     "1e3",
                                     "a word of more than sixteen bytes",
                                     "\"two\nlines\"",
                                     "-999"};

CsvDesk desk_of(const std::string& text, size_t columns, const CsvScan& scan, std::vector<double>& room) {
  CsvDesk desk;
  desk.bytes.assign(CsvDesk::readable_bytes, '1');  // what lies beside the text may look like more of it
  desk.bytes.insert(desk.bytes.end(), text.begin(), text.end());
  desk.bytes.insert(desk.bytes.end(), CsvDesk::readable_bytes, '1');
  desk.columns.resize(columns);
  room.assign((text.size() + 1) * columns, 0);
  for (size_t c = 0; c < columns; ++c) {
    CsvDesk::Column& column = desk.columns[c];
    column.wide = room.data() + c * (text.size() + 1);
    column.narrow = reinterpret_cast<int32_t*>(column.wide);
    column.is_narrow = scan.columns[c].decimals.has_value();
    column.decimals = scan.columns[c].decimals.value_or(0);
    column.numbers_are_words = scan.columns[c].numbers_are_words;
  }
  return desk;
}

}  // namespace

TEST_CASE("rows are cut alike in all ways that the processor has") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    const size_t columns = 1 + random() % 5;
    CsvScan scan{.trim = random() % 2 == 0, .comment = random() % 4 ? "" : "x"};
    for (size_t c = 0; c < columns; ++c)
      scan.columns.push_back(
          {.numbers_are_words = random() % 5 == 0,
           .decimals = random() % 4 ? std::optional(static_cast<int>(random() % 10)) : std::nullopt});
    const std::vector<std::string> number_words(random() % 3 ? 0 : 1, "-999");
    const size_t kinds = random() % 2 ? cells.size() : 4;  // of few, all numbers
    std::string text;
    for (size_t row = 0, rows = random() % 60; row < rows; ++row) {
      for (size_t c = 0; c < columns; ++c) text += (c ? "," : "") + cells[random() % kinds];
      text += random() % 8 ? "\n" : random() % 2 ? "\r\n" : "\n\n";
    }
    std::vector<double> expected_room;
    CsvDesk expected = desk_of(text, columns, scan, expected_room);
    const std::vector<CutCsvRows> cutters = csv_row_cutters();
    const int64_t rows = cutters.back()(scan, number_words, expected, expected.text(), expected.text() + text.size());
    for (const CutCsvRows cut : cutters) {
      std::vector<double> room;
      CsvDesk desk = desk_of(text, columns, scan, room);
      REQUIRE(cut(scan, number_words, desk, desk.text(), desk.text() + text.size()) == rows);
      for (size_t c = 0; rows >= 0 && c < columns; ++c) {
        const CsvDesk::Column &column = desk.columns[c], &as = expected.columns[c];
        CHECK(column.has_numbers == as.has_numbers);
        REQUIRE(column.is_too_narrow == as.is_too_narrow);
        CHECK(column.words.words() == as.words.words());
        if (column.is_too_narrow) continue;
        if (column.is_narrow)
          CHECK(std::equal(column.narrow, column.narrow + rows, as.narrow));
        else
          CHECK(std::memcmp(column.wide, as.wide, static_cast<size_t>(rows) * sizeof *column.wide) == 0);
      }
    }
  }
}

TEST_CASE("narrow cells are the digits divided by their power of ten, to the last bit") {
  std::mt19937 random(3);
  for (int decimals = 0; decimals <= NarrowCell::most_decimals; ++decimals) {
    constexpr size_t count = 100'003;
    KeptColumn column{.narrow = std::make_unique<int32_t[]>(count), .decimals = decimals};
    const int32_t most = static_cast<int32_t>(NarrowCell::most);
    for (size_t i = 0; i < count; ++i)
      column.narrow[i] = i < 8    ? static_cast<int32_t>(i) - 4
                         : i < 12 ? most - static_cast<int32_t>(i - 8)
                         : i < 16 ? -most + static_cast<int32_t>(i - 12)
                                  : static_cast<int32_t>(random() % NarrowCell::most) >> random() % 31;
    std::vector<double> wide(count);
    column.copy_cells(0, wide);
    double ten = 1;
    for (int i = 0; i < decimals; ++i) ten *= 10;
    for (size_t i = 0; i < count; ++i)
      if (wide[i] != column.narrow[i] / ten || std::signbit(wide[i]) != (column.narrow[i] < 0))
        FAIL(concat(column.narrow[i], " with ", decimals, " decimals is ", number_text(wide[i])));
  }
}
