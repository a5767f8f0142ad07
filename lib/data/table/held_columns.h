// A table of files that keep columns apart: the cells of each held as one text.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/data/table/table_text.h"

namespace dl {

class HeldColumns final : public TableText {
 public:
  class Column {
   public:
    void add(std::string_view cell) {
      text_ += cell;
      ends_.push_back(text_.size());
    }
    int64_t size() const { return std::ssize(ends_); }
    std::string_view cell(int64_t row) const {
      const auto i = static_cast<size_t>(row);
      const size_t begin = i > 0 ? ends_[i - 1] : 0;
      return std::string_view(text_).substr(begin, ends_[i] - begin);
    }

   private:
    std::string text_;
    std::vector<uint64_t> ends_;
  };

  // Columns of `rows` cells each, one a name; one that is not read is empty, as its cells are then.
  HeldColumns(std::filesystem::path path, std::vector<std::string> names, std::vector<Column> columns, int64_t rows,
              uint64_t xxh64)
      : path_(std::move(path)), names_(std::move(names)), columns_(std::move(columns)), rows_(rows), xxh64_(xxh64) {
    for (const Column& column : columns_) DL_CHECK(column.size() == rows || column.size() == 0, column.size());
  }

  int64_t rows() const override { return rows_; }
  int64_t columns() const override { return std::ssize(names_); }
  const std::vector<std::string>& names() const override { return names_; }
  std::string_view cell(int64_t row, int64_t column) const override {
    const Column& of = columns_[static_cast<size_t>(column)];
    return of.size() > 0 ? of.cell(row) : "";
  }
  Where where(int64_t row, int64_t column) const override {
    return {.file = concat(path_.string(), ", row ", row + 1, ", column '", names_[static_cast<size_t>(column)], "'")};
  }
  Where first_where() const override { return {.file = path_.string()}; }
  const std::filesystem::path& path() const override { return path_; }
  uint64_t xxh64() const override { return xxh64_; }

 private:
  const std::filesystem::path path_;
  const std::vector<std::string> names_;
  const std::vector<Column> columns_;
  const int64_t rows_;
  const uint64_t xxh64_;
};

}  // namespace dl
