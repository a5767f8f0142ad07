// feather: a table of Arrow's IPC format, as pandas and Hugging Face's data sets write it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/arrow_table.h"
#include "lib/data/table/table_reader.h"

namespace dl {
namespace {

struct Feather final : TableReader {
  void describe(Schema& s) override {
    s.summary("a table of a Feather file (version 2) or an Arrow stream, none, lz4 or zstd");
    s.details(
        "Dates are cells as 2024-02-29, times as 2024-02-29T13:00:00; null and NaN are missing cells. Columns of "
        "lists, structures and bytes are to be ignored: 'columns: {tags: ignore}'. What becomes of columns is as of "
        "'csv'.");
    s.required("path", path, "the file, or a pattern of several with the same columns: \"part-*.feather\"")
        .known_as({"file", "filename"});
    table.describe(s);
    s.example("{format: feather, path: houses.feather, target: price, columns: {id: ignore}}");
  }

 protected:
  std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const override {
    return read_arrow(file, [this](const std::string& column) { return reads(column); });
  }
};
DL_READER(Feather, "feather");

}  // namespace
}  // namespace dl
