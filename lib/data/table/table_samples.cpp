// Cells made numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_samples.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "lib/base/division.h"
#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/base/memory.h"
#include "lib/data/table/fitted_cells.h"
#include "lib/data/table/table_categories.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_fields.h"
#include "lib/data/table/table_fit.h"
#include "lib/data/targeted.h"

namespace dl {
namespace {

class Samples final : public Dataset, public Tabular, public Targeted {
 public:
  Samples(TableParts parts, FittedTable fitted, RowChoice rows, std::vector<Problem> warnings)
      : parts_(std::move(parts)),
        fitted_(std::move(fitted)),
        named_rows_(rows.named()),
        rows_(rows.count_up() ? rows : RowChoice(named_rows_)),
        warnings_(std::move(warnings)) {
    std::vector<int32_t> begins;  // of each column in "x"
    for (const FittedColumn& column : fitted_.columns) {
      begins.push_back(static_cast<int32_t>(features_));
      if (!reads(column)) continue;
      if (is_field(column)) {
        ++others_;
      } else if (column.kind == "numeric") {
        number_places_.push_back(begins.back());
        features_ += 1;
      } else {
        ++ones_;
        features_ += column.category_count();
      }
    }
    if (features_ > 0) fields_.push_back({"x", {DType::f32, {features_}}});
    if (parts_.has_target) targets_ = fitted_.target.size();
    width_ = number_places_.size() + ones_ + others_ + targets_;
    std::vector<Source> sources;
    size_t number = 0, one = number_places_.size(), index = one + ones_;
    for (size_t i = 0; i < fitted_.columns.size(); ++i) {
      const FittedColumn& column = fitted_.columns[i];
      if (!reads(column)) continue;
      if (is_field(column)) fields_.push_back(field_of(parts_.spec, column, column.name));
      sources.push_back({.column = &column,
                         .place = is_field(column)           ? index++
                                  : column.kind == "numeric" ? number++
                                                             : one++,
                         .first = column.kind == "index"     ? 1
                                  : column.kind == "one_hot" ? begins[i]
                                                             : 0});
    }
    for (size_t i = 0; i < targets_; ++i)
      sources.push_back({.column = &fitted_.target.values[i], .place = width_ - targets_ + i});
    if (targets_ > 0)
      fields_.push_back(targets_ == 1 ? field_of(parts_.spec, first_target(), "y")
                                      : field_of_targets(parts_.spec, fitted_.target));
    put_cells(sources);
    if (first_target().kind == "class") classes_ = first_target().categories;
    read_.doubt_columns(warnings_);
  }

  int64_t size() const override { return rows_.size(); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  std::vector<std::string> further_targets() const override {
    std::vector<std::string> names;
    for (const FittedColumn& column : fitted_.columns)
      if (column.is_target()) names.push_back(column.name);
    return names;
  }
  uint64_t fingerprint() const override {
    Xxh64 hash(parts_.xxh64());
    std::array<int64_t, 512> block;
    for (int64_t at = 0; at < size(); at += std::ssize(block)) {
      const int64_t count = std::min(size() - at, std::ssize(block));
      for (int64_t i = 0; i < count; ++i) block[static_cast<size_t>(i)] = rows_[at + i];
      hash.append(block.data(), static_cast<size_t>(count) * sizeof block[0]);
    }
    return hash.value();
  }
  std::vector<Problem> warnings() const override { return warnings_; }
  Where place(int64_t index) const override {
    if (!parts_.text) return {};
    const Where cell = parts_.text->where(rows_[index], 0);
    return {.file = cell.file, .line = cell.line};
  }
  std::vector<ColumnSummary> columns() const override {
    std::vector<ColumnSummary> columns;
    for (const std::string& name : parts_.names) {
      if (std::ranges::count(fitted_.target.values, name, &FittedColumn::name) > 0) continue;
      const auto column = std::ranges::find(fitted_.columns, name, &FittedColumn::name);
      if (column != fitted_.columns.end() && !reads(*column)) continue;
      columns.push_back(column == fitted_.columns.end() ? ColumnSummary{.name = name, .kind = "ignored"}
                                                        : read_.summary(*column));
    }
    if (parts_.has_target)
      for (const FittedColumn& target : fitted_.target.values) columns.push_back(read_.summary(target));
    return columns;
  }

  void expect(int64_t index) const override {
    fetch(cells_.get() + static_cast<size_t>(index) * width_, width_ * sizeof(Cell));
  }

  void get(int64_t index, Sample& into) const override {
    const Cell* cell = cells_.get() + static_cast<size_t>(index) * width_;
    std::byte* const* field = into.fields.data();
    if (features_ > 0) {
      float* const x = reinterpret_cast<float*>(*field++);
      if (ones_ > 0) std::memset(x, 0, static_cast<size_t>(features_) * sizeof(float));
      for (int32_t place : number_places_) x[place] = (cell++)->number;
      for (size_t i = 0; i < ones_; ++i, ++cell)
        if (cell->code >= 0) x[cell->code] = 1;
    }
    for (size_t i = 0; i < others_; ++i, ++cell) std::memcpy(*field++, cell, sizeof *cell);
    if (targets_ > 0) std::memcpy(*field, cell, targets_ * sizeof *cell);
  }

 private:
  union Cell {
    float number;  // of "x"
    int32_t code;  // the place in "x" that is 1, -1 for none; or an index; or a class
  };
  static bool is_field(const FittedColumn& column) { return column.kind == "index" || column.is_target(); }
  const FittedColumn& first_target() const { return fitted_.target.values[0]; }
  bool reads(const FittedColumn& column) const { return parts_.has_target || !column.is_target(); }
  static constexpr float not_a_cell = std::numeric_limits<float>::quiet_NaN();

  // A column of cells_: of one that was kept each cell is made as the samples are put together, else all before that.
  struct Source {
    const FittedColumn* column;
    size_t place;       // in a row
    int32_t first = 0;  // the place of code 0
    const KeptColumn* kept = nullptr;
    std::vector<Cell> made;  // of each row, or of each kept word
    std::vector<Problem> warnings = {};
  };

  void put_cells(std::vector<Source>& sources) {
    cells_ = std::make_unique_for_overwrite<Cell[]>(static_cast<size_t>(size()) * width_);
    const int threads = threads_for(size());
    std::atomic<bool> good = true;
    try {
      in_parallel(std::ssize(sources), threads, [&](int64_t i) { prepare(sources[static_cast<size_t>(i)]); });
      in_parallel(ceil_div(size(), part_rows), threads, [&](int64_t i) {
        const int64_t end = std::min(size(), (i + 1) * part_rows);
        Cell* const first = cells_.get() + static_cast<size_t>(i * part_rows) * width_;
        give_pages(first, static_cast<size_t>(end - i * part_rows) * width_ * sizeof *first);
        for (int64_t begin = i * part_rows; begin < end; begin += block_rows)
          for (const Source& source : sources)
            if (!put(source, begin, std::min(end, begin + block_rows))) good = false;
      });
    } catch (const Error&) {
      good = false;
    }
    if (!good) fail_in_order(sources);
    for (Source& source : sources) std::ranges::move(source.warnings, std::back_inserter(warnings_));
  }

  // Of several cells that are wrong the first one's error, column by column.
  [[noreturn]] void fail_in_order(std::vector<Source>& sources) {
    for (Source& source : sources) make(source);
    DL_CHECK(false, "cells that were wrong are not");
  }

  void prepare(Source& source) const {
    const FittedColumn& column = *source.column;
    const TableColumn cells = read_.column_of(column);
    if (column.kind == "group") return make(source);
    source.kept = column.is_number() ? cells.kept_as(column.form()) : cells.kept_as({});
    if (!source.kept) return make(source);
    const MissingWords missing(parts_.spec, column.is_number());
    const Categories categories(column.categories);
    for (const std::string& word : source.kept->words) {
      const std::string_view text = stripped(word, column.strip);
      if (column.is_number()) {
        const auto number = missing.contains(text) ? FittedCells::fill_of(column) : cell_number(text, column.form());
        source.made.push_back({.number = number ? FittedCells::scaled(column, *number) : not_a_cell});
      } else {
        const int32_t code = FittedCells::code_of(column, categories, missing, text);
        if (code < 0) {  // of which something may be said
          source.kept = nullptr;
          return make(source);
        }
        source.made.push_back({.code = code + source.first});
      }
    }
  }

  // All cells of the column, in the order of the rows.
  void make(Source& source) const {
    const FittedColumn& column = *source.column;
    source.made.clear();
    source.made.reserve(static_cast<size_t>(size()));
    if (column.is_number()) {
      for (const float value : read_.numbers(column)) source.made.push_back({.number = value});
      return;
    }
    const std::vector<int32_t> codes =
        column.kind == "group" ? read_.groups(column) : read_.codes(column, source.warnings);
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0 && column.kind == "class") read_.fail_class(rows_[static_cast<int64_t>(i)], column);
      source.made.push_back({.code = codes[i] < 0 ? absent_code(source) : codes[i] + source.first});
    }
  }

  static int32_t absent_code(const Source& source) { return source.column->kind == "index" ? 0 : -1; }

  static constexpr int64_t block_rows = 256, part_rows = 16 * block_rows;

  // The cells of at most block_rows samples; false where one is no number that a float can hold.
  bool put(const Source& source, int64_t begin, int64_t end) {
    const auto count = static_cast<size_t>(end - begin);
    std::array<Cell, block_rows> made;
    const Cell* from = made.data();
    bool good = true;
    if (!source.kept)
      from = source.made.data() + begin;
    else if (source.column->is_number())
      good = make_numbers(source, begin, count, made);
    else
      for (size_t i = 0; i < count; ++i)
        made[i] = source.made[KeptCell::word(source.kept->cell(rows_[begin + static_cast<int64_t>(i)]))];
    Cell* to = cells_.get() + static_cast<size_t>(begin) * width_ + source.place;
    for (size_t i = 0; i < count; ++i, to += width_) *to = from[i];
    return good;
  }

  bool make_numbers(const Source& source, int64_t begin, size_t count, std::array<Cell, block_rows>& made) const {
    std::array<double, block_rows> cells;
    if (rows_.count_up())
      source.kept->copy_cells(begin, {cells.data(), count});
    else
      for (size_t i = 0; i < count; ++i) cells[i] = source.kept->cell(rows_[begin + static_cast<int64_t>(i)]);
    const FittedColumn& column = *source.column;
    if (column.is_curved()) {
      for (size_t i = 0; i < count; ++i) made[i].number = FittedCells::scaled(column, cells[i]);
    } else {
      const double shift = column.shift, scale = column.scale;
      for (size_t i = 0; i < count; ++i) made[i].number = static_cast<float>((cells[i] - shift) / scale);
    }
    // As whole numbers, which are of the same order and which a compiler takes many at a time.
    int32_t most = 0;
    for (size_t i = 0; i < count; ++i)
      most = std::max(most, std::bit_cast<int32_t>(made[i].number) & std::numeric_limits<int32_t>::max());
    if (most <= std::bit_cast<int32_t>(std::numeric_limits<float>::max())) return true;
    for (size_t i = 0; i < count; ++i) {
      if (KeptCell::is_word(cells[i])) made[i] = source.made[KeptCell::word(cells[i])];
      if (!std::isfinite(made[i].number)) return false;
    }
    return true;
  }

  const TableParts parts_;
  const FittedTable fitted_;
  const std::vector<int64_t> named_rows_;
  const RowChoice rows_;  // of the table: those, or its first ones
  const FittedCells read_{parts_, fitted_, rows_};
  int64_t features_ = 0;
  std::vector<SampleField> fields_;
  std::vector<std::string> classes_;
  std::vector<int32_t> number_places_;  // in "x"
  size_t ones_ = 0, others_ = 0;        // one-hot columns; indices and further targets
  size_t targets_ = 0;                  // numbers in "y"
  size_t width_ = 0;                    // cells of a row: numbers, then ones, then the others, then "y"
  std::vector<Problem> warnings_;
  std::unique_ptr<Cell[]> cells_;  // [rows, width_]: a sample is made of what lies side by side
};

}  // namespace

DatasetPointer table_samples(TableParts parts, FittedTable fitted, RowChoice rows, std::vector<Problem> warnings) {
  return std::make_shared<Samples>(std::move(parts), std::move(fitted), rows, std::move(warnings));
}

}  // namespace dl
