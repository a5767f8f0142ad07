// A table as cells of text, each with its place: what a file of rows is read as, whatever its format.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/table/kept_cells.h"

namespace dl {

class TableText {
 public:
  virtual ~TableText() = default;
  virtual int64_t rows() const = 0;  // but for a header
  virtual int64_t columns() const = 0;
  virtual const std::vector<std::string>& names() const = 0;  // of the columns; empty where the file has none
  virtual std::string_view cell(int64_t row, int64_t column) const = 0;
  virtual Where where(int64_t row, int64_t column) const = 0;
  virtual Where first_where() const = 0;  // of the header, or of the first row
  virtual const std::filesystem::path& path() const = 0;
  virtual uint64_t xxh64() const = 0;  // of the contents
  // Between cells; the comma where that is nothing that the file has.
  virtual char delimiter() const { return ','; }
  // The column where its cells are kept as numbers; null where its text is in memory.
  virtual const KeptColumn* kept(int64_t /*column*/) const { return nullptr; }
};

// Why a column that no key names is taken for the rows' names or numbers: the first one without a name, and what pandas
// calls an index that it wrote, in Parquet files, or in CSV files that it read with one and wrote again. Empty: it is
// not.
inline std::string why_row_names(std::string_view name, int64_t place) {
  if (name.empty() && place == 0) return "the first column has no name";
  if (name.starts_with("__index_level_") || name == "Unnamed: 0" || name.starts_with("Unnamed: 0."))
    return concat("column '", name, "' is an index that pandas wrote");
  return {};
}

// What to write where the cells of a column are none.
inline std::string leave_out_help(const std::string& column) {
  return concat("leave it out: 'columns: {\"", column, "\": ignore}'");
}

// Cells held in memory, of files that name their columns: rows of JSON, of a data base.
class HeldTable final : public TableText {
 public:
  HeldTable(std::filesystem::path path, std::vector<std::string> names)
      : path_(std::move(path)), names_(std::move(names)) {}
  // As many cells as names. `line`: where the row stands in the file, from 1 on; 0: in none.
  void add(std::vector<std::string> row, int line) {
    DL_CHECK(row.size() == names_.size(), row.size(), " cells of ", names_.size());
    for (std::string& cell : row) cells_.push_back(std::move(cell));
    lines_.push_back(line);
  }
  void set_xxh64(uint64_t hash) { xxh64_ = hash; }

  int64_t rows() const override { return std::ssize(lines_); }
  int64_t columns() const override { return std::ssize(names_); }
  const std::vector<std::string>& names() const override { return names_; }
  std::string_view cell(int64_t row, int64_t column) const override {
    return cells_[static_cast<size_t>(row * columns() + column)];
  }
  Where where(int64_t row, int64_t column) const override {
    const std::string& name = names_[static_cast<size_t>(column)];
    const int line = lines_[static_cast<size_t>(row)];
    if (line > 0) return {.file = path_.string(), .line = line};
    return {.file = concat(path_.string(), ", row ", row + 1, ", column '", name, "'")};
  }
  Where first_where() const override { return {.file = path_.string()}; }
  const std::filesystem::path& path() const override { return path_; }
  uint64_t xxh64() const override { return xxh64_; }

 private:
  const std::filesystem::path path_;
  const std::vector<std::string> names_;
  std::vector<std::string> cells_;
  std::vector<int> lines_;
  uint64_t xxh64_ = 0;
};

}  // namespace dl
