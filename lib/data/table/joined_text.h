// The rows of several files, which have the same columns, as one table.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/hash.h"
#include "lib/data/table/table_text.h"

namespace dl {

class JoinedText final : public TableText {
 public:
  // Files with other columns than the first are an Error(Exit::data).
  explicit JoinedText(std::vector<std::shared_ptr<const TableText>> parts) : parts_(std::move(parts)) {
    Xxh64 hash;
    int64_t rows = 0;
    for (const auto& part : parts_) {
      if (part->names() != names() || part->columns() != columns())
        throw Error(Exit::data, Problem{.where = part->first_where(),
                                        .what = concat("expected the columns of ", path().string(), ": ",
                                                       told(*parts_[0]), "; found ", told(*part)),
                                        .help = "give all files the same columns in one order, or leave this one out"});
      ends_.push_back(rows += part->rows());
      const uint64_t own = part->xxh64();
      hash.append({reinterpret_cast<const char*>(&own), sizeof own});
    }
    xxh64_ = hash.value();
  }

  int64_t rows() const override { return ends_.back(); }
  int64_t columns() const override { return parts_[0]->columns(); }
  const std::vector<std::string>& names() const override { return parts_[0]->names(); }
  std::string_view cell(int64_t row, int64_t column) const override {
    const size_t part = part_of(row);
    return parts_[part]->cell(row - begin(part), column);
  }
  Where where(int64_t row, int64_t column) const override {
    const size_t part = part_of(row);
    return parts_[part]->where(row - begin(part), column);
  }
  Where first_where() const override { return parts_[0]->first_where(); }
  const std::filesystem::path& path() const override { return parts_[0]->path(); }
  uint64_t xxh64() const override { return xxh64_; }
  char delimiter() const override { return parts_[0]->delimiter(); }

 private:
  static std::string told(const TableText& part) {
    return part.names().empty() ? concat(part.columns(), " without names") : shortened(join(part.names()), 200);
  }
  size_t part_of(int64_t row) const {
    return static_cast<size_t>(std::ranges::upper_bound(ends_, row) - ends_.begin());
  }
  int64_t begin(size_t part) const { return part > 0 ? ends_[part - 1] : 0; }

  const std::vector<std::shared_ptr<const TableText>> parts_;
  std::vector<int64_t> ends_;  // rows
  uint64_t xxh64_ = 0;
};

}  // namespace dl
