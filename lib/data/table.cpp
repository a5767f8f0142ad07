// Tables as data sets: as they were read, and as samples.
#include "lib/data/table.h"

#include <algorithm>
#include <cstring>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/table_fit.h"

namespace dl {
namespace {

// Cells made numbers: the rows named, each a sample.
class Samples final : public Dataset {
 public:
  Samples(TableParts parts, FittedTable fitted, std::span<const int64_t> rows)
      : parts_(std::move(parts)), fitted_(std::move(fitted)), rows_(rows.begin(), rows.end()) {
    std::vector<int32_t> begins;  // of each column in "x"
    for (const FittedColumn& column : fitted_.columns) {
      begins.push_back(static_cast<int32_t>(features_));
      if (column.kind == "index") {
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
    others_ += parts_.has_target;
    width_ = number_places_.size() + ones_ + others_;
    cells_.resize(rows_.size() * width_);
    size_t number = 0, one = number_places_.size(), index = one + ones_;
    for (size_t c = 0; c < fitted_.columns.size(); ++c) {
      const FittedColumn& column = fitted_.columns[c];
      if (column.kind == "index") {
        put(codes(column), index++, [](int32_t code) { return Cell{.code = code + 1}; });
        fields_.push_back({column.name, {DType::i32, {}}, column.category_count() + 1});
      } else if (column.kind == "numeric") {
        put(numbers(column), number++, [](float x) { return Cell{.number = x}; });
      } else {
        put(codes(column), one++, [&](int32_t code) { return Cell{.code = code < 0 ? -1 : begins[c] + code}; });
      }
    }
    if (fitted_.target.kind == "class") classes_ = fitted_.target.categories;
    if (parts_.has_target) put_target();
  }

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override {
    return dl::xxh64({reinterpret_cast<const char*>(rows_.data()), rows_.size() * sizeof rows_[0]},
                     parts_.text ? parts_.text->xxh64() : 0);
  }
  Where place(int64_t index) const override {
    if (!parts_.text) return {};
    const Where cell = parts_.text->where(rows_[static_cast<size_t>(index)], 0);
    return {.file = cell.file, .line = cell.line};
  }
  Scaling target_scaling() const override {
    if (fitted_.target.kind != "value") return {};
    return {fitted_.target.shift, fitted_.target.scale};
  }

  void expect(int64_t index) const override {
    fetch(cells_.data() + static_cast<size_t>(index) * width_, width_ * sizeof(Cell));
  }

  void get(int64_t index, Sample& into) const override {
    const Cell* cell = cells_.data() + static_cast<size_t>(index) * width_;
    std::byte* const* field = into.fields.data();
    if (features_ > 0) {
      float* const x = reinterpret_cast<float*>(*field++);
      if (ones_ > 0) std::memset(x, 0, static_cast<size_t>(features_) * sizeof(float));
      for (int32_t place : number_places_) x[place] = (cell++)->number;
      for (size_t i = 0; i < ones_; ++i, ++cell)
        if (cell->code >= 0) x[cell->code] = 1;
    }
    for (size_t i = 0; i < others_; ++i, ++cell) std::memcpy(*field++, cell, sizeof *cell);
  }

 private:
  union Cell {
    float number;  // of "x"
    int32_t code;  // the place in "x" that is 1, -1 for none; or an index; or a class
  };

  template <class T, class Make>
  void put(const std::vector<T>& column, size_t at, Make make) {
    for (size_t row = 0; row < column.size(); ++row) cells_[row * width_ + at] = make(column[row]);
  }

  int64_t place(const FittedColumn& column) const {
    const auto found = std::ranges::find(parts_.names, column.name);
    if (found == parts_.names.end())
      throw Error(Exit::data,
                  Problem{.where = {.file = parts_.text->path().string()},
                          .what = concat("expected a column '", column.name, "' as in the training data, found none"),
                          .notes = {"its columns: " + join(parts_.names)}});
    return found - parts_.names.begin();
  }

  // Of a cell, after `fill`; empty where it is missing and nothing stands for it.
  std::optional<std::string_view> text(const FittedColumn& column, int64_t at, int64_t row) const {
    const std::string_view cell = stripped(parts_.text->cell(row, at), column.strip);
    if (std::ranges::count(parts_.spec.missing, cell) == 0) return cell;
    return column.fill ? std::optional<std::string_view>(*column.fill) : std::nullopt;
  }

  std::vector<float> numbers(const FittedColumn& column) const {
    const int64_t at = place(column);
    std::vector<float> values;
    for (int64_t row : rows_) {
      const auto cell = text(column, at, row);
      const auto number = cell ? number_in(*cell) : std::nullopt;
      if (!number)
        fail_cell(parts_, row, at, "a number", parts_.text->cell(row, at),
                  column.kind == "value" ? "take the row out" : "add it to 'missing' if it stands for no value");
      const double x = column.log ? signed_log(*number) : *number;
      values.push_back(static_cast<float>((x - column.shift) / column.scale));
    }
    return values;
  }

  std::vector<int32_t> codes(const FittedColumn& column) const {
    const int64_t at = place(column);
    std::vector<int32_t> values;
    for (int64_t row : rows_) {
      const auto cell = text(column, at, row);
      const int64_t missing = column.missing_category ? static_cast<int64_t>(column.categories.size()) : -1;
      values.push_back(static_cast<int32_t>(cell ? column.category(*cell) : missing));
    }
    return values;
  }

  // The last cell of each row.
  void put_target() {
    const FittedColumn& target = fitted_.target;
    const bool is_class = target.kind == "class";
    fields_.push_back({"y", {is_class ? DType::i32 : DType::f32, {}}, is_class ? target.category_count() : 0});
    if (!is_class) return put(numbers(target), width_ - 1, [](float x) { return Cell{.number = x}; });
    const std::vector<int32_t> labels = codes(target);
    put(labels, width_ - 1, [](int32_t code) { return Cell{.code = code}; });
    for (size_t i = 0; i < rows_.size(); ++i)
      if (labels[i] < 0)
        fail_cell(parts_, rows_[i], place(target), "one of " + shortened(join(target.categories), 200),
                  parts_.text->cell(rows_[i], place(target)),
                  "take the row out, or name all classes as 'classes' in the data set's description");
  }

  const TableParts parts_;
  const FittedTable fitted_;
  const std::vector<int64_t> rows_;
  int64_t features_ = 0;
  std::vector<SampleField> fields_;
  std::vector<std::string> classes_;
  std::vector<int32_t> number_places_;  // in "x"
  size_t ones_ = 0, others_ = 0;        // one-hot columns; indices and the target
  size_t width_ = 0;                    // cells of a row: numbers, then ones, then the others
  std::vector<Cell> cells_;             // [rows, width_]: a sample is made of what lies side by side
};

// Rows of text: what they become is not known yet.
class Unfitted final : public Dataset {
 public:
  explicit Unfitted(TableParts parts) : parts_(std::move(parts)) {}
  int64_t size() const override { return parts_.text->rows(); }
  std::span<const SampleField> fields() const override { return {}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return parts_.text->xxh64(); }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "a table that is not fitted has no samples"); }

  Node fit(std::span<const int64_t> samples) const override { return write_object(fit_table(parts_, samples)); }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<Samples>(parts_, read_fit<FittedTable>(fit), samples);
  }

  std::vector<int64_t> labels() const override {
    const int64_t target = std::ranges::find(parts_.names, parts_.spec.target.column) - parts_.names.begin();
    std::map<std::string_view, int64_t> numbers;
    std::vector<int64_t> labels;
    for (int64_t row = 0; row < size(); ++row) {
      const std::string_view text = stripped(parts_.text->cell(row, target), parts_.spec.target.strip);
      labels.push_back(numbers.emplace(text, static_cast<int64_t>(numbers.size())).first->second);
    }
    return labels;
  }

 private:
  TableParts parts_;
};

}  // namespace

int64_t FittedColumn::category(std::string_view text) const {
  if (kind == "class") {  // in the order in which they were named
    const auto found = std::ranges::find(categories, text);
    return found == categories.end() ? -1 : found - categories.begin();
  }
  const auto found = std::ranges::lower_bound(categories, text);
  return found == categories.end() || *found != text ? -1 : found - categories.begin();
}

DatasetPointer make_table(TableParts parts) { return std::make_shared<Unfitted>(std::move(parts)); }

DatasetPointer table_without_rows(const Node& fit) {
  auto fitted = read_fit<FittedTable>(fit);
  TableParts parts;
  for (const FittedColumn& column : fitted.columns) parts.names.push_back(column.name);
  parts.names.push_back(fitted.target.name);
  return std::make_shared<Samples>(std::move(parts), std::move(fitted), std::span<const int64_t>());
}

}  // namespace dl
