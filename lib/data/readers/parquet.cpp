// parquet: a table that keeps its columns apart, as pandas, Spark and DuckDB write it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_table.h"
#include "lib/data/table/table_reader.h"

namespace dl {
namespace {

struct Parquet final : TableReader {
  void describe(Schema& s) override {
    s.summary("a table of a Parquet file, none, snappy, gzip, lz4 or zstd");
    s.details(
        "Dates are cells as 2024-02-29, times as 2024-02-29T13:00:00; NULL and NaN are missing cells. Columns of lists "
        "and structures are to be ignored: 'columns: {tags: ignore}'; what is ignored is not decoded. What becomes of "
        "columns is as of 'csv'.");
    s.required("path", path, "the file, or a pattern of several with the same columns: \"part-*.parquet\"")
        .known_as({"file", "filename"});
    table.describe(s);
    s.example("{format: parquet, path: houses.parquet, target: price, columns: {id: ignore}}");
  }

 protected:
  std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const override {
    return read_parquet(file, [this](const std::string& column) { return reads(column); });
  }
};
DL_READER(Parquet, "parquet");

}  // namespace
}  // namespace dl
