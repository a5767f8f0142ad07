// Tables that are written as Parquet are read as they were, by the reader of this program; tests/exports/tables.py has
// pyarrow and pandas read them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_writer.h"

#include <doctest/doctest.h>

#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/data/table/parquet_table.h"
#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Kind = ParquetWriter::Kind;

std::string parquet_of(std::vector<ParquetWriter::Column> columns, const std::function<void(ParquetWriter&)>& write) {
  std::string bytes;
  ParquetWriter writer(std::move(columns), [&](std::string_view piece) { bytes += piece; });
  write(writer);
  writer.finish();
  return bytes;
}

}  // namespace

TEST_CASE("a table that was written as Parquet has the same cells when it is read") {
  const Folder folder;
  const auto text_at = [](int64_t row) {
    return row % 7 == 0 ? std::string() : concat("r\xC3\xBC", std::string(static_cast<size_t>(row % 50), 'x'), row);
  };
  for (const int64_t rows : {1, 2, 1000, 70'000}) {
    CAPTURE(rows);
    folder.write(
        "t.parquet",
        parquet_of({{"name", Kind::text}, {"i", Kind::integer}, {"real", Kind::real}, {"number", Kind::number}},
                   [&](ParquetWriter& w) {
                     for (int64_t row = 0; row < rows; ++row) {
                       w.add(std::string_view(text_at(row)));
                       w.add(row * row * (row % 2 ? -1 : 1));
                       w.add(static_cast<float>(row) / 4);
                       w.add(static_cast<double>(row) / 1024 - 1e6);
                     }
                   }));
    const auto table = read_parquet(folder / "t.parquet", [](const std::string&) { return true; });
    REQUIRE(table->rows() == rows);
    CHECK(table->names() == std::vector<std::string>{"name", "i", "real", "number"});
    int64_t wrong = 0;
    for (int64_t row = 0; row < rows; ++row) {
      wrong += table->cell(row, 0) != text_at(row);
      wrong += table->cell(row, 1) != std::to_string(row * row * (row % 2 ? -1 : 1));
      wrong += std::stof(std::string(table->cell(row, 2))) != static_cast<float>(row) / 4;
      wrong += std::stod(std::string(table->cell(row, 3))) != static_cast<double>(row) / 1024 - 1e6;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("lists beside other columns are passed over where they are not asked for") {
  const Folder folder;
  folder.write("t.parquet", parquet_of({{"vector", Kind::real, true}, {"i", Kind::integer}}, [&](ParquetWriter& w) {
                 for (int64_t row = 0; row < 5; ++row) {
                   const std::vector<float> values(static_cast<size_t>(row), static_cast<float>(row));
                   w.add_list(std::span<const float>(values));
                   w.add(row);
                 }
               }));
  const auto table = read_parquet(folder / "t.parquet", [](const std::string& name) { return name == "i"; });
  REQUIRE(table->rows() == 5);
  CHECK(table->cell(4, table->columns() - 1) == "4");
}
