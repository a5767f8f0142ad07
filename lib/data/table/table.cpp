// Tables as data sets: as they were read, and as samples.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/fit.h"
#include "lib/data/labelled.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_fit.h"

namespace dl {
namespace {

uint64_t content_hash(const TableParts& parts) {
  const uint64_t text = parts.text ? parts.text->xxh64() : 0;
  return parts.target ? text * 31 + parts.target->xxh64() : text;
}

std::string as_class(const std::string& column) { return concat("write 'target: {column: ", column, ", as: class}'"); }

// Categories by their text, and by their value where they are numbers: 1.0 is 1.
class Categories {
 public:
  explicit Categories(const std::vector<std::string>& names) : names_(names) {
    for (size_t i = 0; i < names.size(); ++i) {
      const auto code = static_cast<int32_t>(i);
      codes_.emplace(names[i], code);
      if (const auto number = cell_number(names[i])) numbers_.emplace(*number, code);
    }
  }
  // -1 for one that is none of them.
  int32_t code(std::string_view text) const {
    if (const auto found = codes_.find(text); found != codes_.end()) return found->second;
    const auto number = numbers_.empty() ? std::nullopt : cell_number(text);
    const auto found = number ? numbers_.find(*number) : numbers_.end();
    return found == numbers_.end() ? -1 : found->second;
  }
  // The one that differs from `text` by case, blanks or marks at its end only; null where there is none.
  const std::string* alike(std::string_view text) const {
    const std::string wanted = plain(text);
    const auto found = std::ranges::find_if(names_, [&](const std::string& name) { return plain(name) == wanted; });
    return found == names_.end() ? nullptr : &*found;
  }

 private:
  static std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text)
      if (c != ' ' && c != '.' && c != '_' && c != '-')
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  }
  const std::vector<std::string>& names_;
  std::unordered_map<std::string_view, int32_t> codes_;
  std::unordered_map<double, int32_t> numbers_;
};

// Cells made numbers: the rows named, each a sample.
class Samples final : public Dataset, public Tabular {
 public:
  Samples(TableParts parts, FittedTable fitted, std::span<const int64_t> rows, std::vector<Problem> warnings)
      : parts_(std::move(parts)),
        fitted_(std::move(fitted)),
        rows_(rows.begin(), rows.end()),
        warnings_(std::move(warnings)) {
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
    std::vector<size_t> places;  // of each column in a row of cells
    size_t number = 0, one = number_places_.size(), index = one + ones_;
    for (const FittedColumn& column : fitted_.columns) {
      if (column.kind == "index") fields_.push_back({column.name, {DType::i32, {}}, column.category_count() + 1});
      places.push_back(column.kind == "index" ? index++ : column.kind == "numeric" ? number++ : one++);
    }
    std::vector<std::vector<Problem>> found(places.size());
    in_parallel(std::ssize(places), threads_for(size()), [&](int64_t c) {
      const auto i = static_cast<size_t>(c);
      const FittedColumn& column = fitted_.columns[i];
      if (column.kind == "numeric")
        put(numbers(column), places[i], [](float x) { return Cell{.number = x}; });
      else if (column.kind == "index")
        put(codes(column, found[i]), places[i], [](int32_t code) { return Cell{.code = code + 1}; });
      else
        put(codes(column, found[i]), places[i],
            [&](int32_t code) { return Cell{.code = code < 0 ? -1 : begins[i] + code}; });
    });
    for (std::vector<Problem>& of_column : found) std::ranges::move(of_column, std::back_inserter(warnings_));
    if (fitted_.target.kind == "class") classes_ = fitted_.target.categories;
    if (parts_.has_target) put_target();
    warn_of_columns();
  }

  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override {
    return dl::xxh64({reinterpret_cast<const char*>(rows_.data()), rows_.size() * sizeof rows_[0]},
                     content_hash(parts_));
  }
  std::vector<Problem> warnings() const override { return warnings_; }
  Where place(int64_t index) const override {
    if (!parts_.text) return {};
    const Where cell = parts_.text->where(rows_[static_cast<size_t>(index)], 0);
    return {.file = cell.file, .line = cell.line};
  }
  std::vector<ColumnSummary> columns() const override {
    std::vector<ColumnSummary> columns;
    for (const std::string& name : parts_.names) {
      if (name == fitted_.target.name) continue;
      const auto column = std::ranges::find(fitted_.columns, name, &FittedColumn::name);
      columns.push_back(column == fitted_.columns.end() ? ColumnSummary{.name = name, .kind = "ignored"}
                                                        : summary(*column));
    }
    if (parts_.has_target) columns.push_back(summary(fitted_.target));
    return columns;
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

  int64_t index_of(const FittedColumn& column) const {
    const auto found = std::ranges::find(parts_.names, column.name);
    if (found == parts_.names.end())
      throw Error(Exit::data,
                  Problem{.where = {.file = parts_.text->path().string()},
                          .what = concat("expected a column '", column.name, "' as in the training data, found none"),
                          .notes = {"its columns: " + join(parts_.names)}});
    return found - parts_.names.begin();
  }

  std::vector<float> numbers(const FittedColumn& column) const {
    const int64_t at = index_of(column);
    const MissingWords missing(parts_.spec, true);
    const NumberForm form = column.form();
    const auto fill = column.fill ? cell_number(*column.fill) : std::nullopt;
    const bool is_target = column.kind == "value";
    std::vector<float> values;
    values.reserve(rows_.size());
    for (const int64_t row : rows_) {
      const std::string_view cell = stripped(parts_.cell(row, at), column.strip);
      const bool is_missing = missing.contains(cell);
      const auto number = is_missing ? fill : cell_number(cell, form);
      if (!number) fail_cell(parts_, row, at, "a number", cell, is_target ? "take the row out" : missing_help);
      const double x = column.log ? signed_log(*number) : *number;
      const auto value = static_cast<float>((x - column.shift) / column.scale);
      if (!std::isfinite(value))
        fail_cell(parts_, row, at, float_expected, cell, is_target ? "take the row out" : missing_help);
      values.push_back(value);
    }
    return values;
  }

  ColumnSummary summary(const FittedColumn& column) const {
    const int64_t at = index_of(column);
    const MissingWords missing(parts_.spec, column.is_number());
    ColumnSummary summary{.name = column.name, .kind = column.kind};
    std::map<std::string_view, int64_t> kinds;
    int64_t count = 0;
    for (const int64_t row : rows_) {
      const std::string_view cell = stripped(parts_.cell(row, at), column.strip);
      if (missing.contains(cell)) {
        ++summary.missing;
      } else if (const auto number = column.is_number() ? cell_number(cell, column.form()) : std::nullopt) {
        summary.least = count == 0 ? *number : std::min(summary.least, *number);
        summary.most = count == 0 ? *number : std::max(summary.most, *number);
        ++count;
        summary.mean += (*number - summary.mean) / static_cast<double>(count);
      } else {
        ++kinds[cell];
      }
    }
    for (const auto& [kind, rows] : kinds) summary.kinds.emplace_back(kind, rows);
    std::ranges::stable_sort(summary.kinds, std::greater(), &std::pair<std::string, int64_t>::second);
    return summary;
  }

  // Each row's category; behind the last the missing ones', -1 for one that training lacks.
  std::vector<int32_t> codes(const FittedColumn& column, std::vector<Problem>& warnings) const {
    const int64_t at = index_of(column);
    const MissingWords missing(parts_.spec, false);
    const Categories categories(column.categories);
    const int32_t none = column.missing_category ? static_cast<int32_t>(column.categories.size()) : -1;
    const int32_t fill = column.fill ? categories.code(*column.fill) : none;
    Unknown unknown;
    std::vector<int32_t> values;
    values.reserve(rows_.size());
    for (const int64_t row : rows_) {
      const std::string_view cell = stripped(parts_.cell(row, at), column.strip);
      int32_t code = categories.code(cell);
      if (code < 0 && missing.contains(cell))
        code = fill;
      else if (code < 0)
        unknown.add(cell, row);
      values.push_back(code);
    }
    // Rare ones that 'min_count' left out are none of training's either.
    const int64_t least = parts_.spec.min_count > 1 ? size() / 2 : 0;
    if (unknown.count > least && column.kind != "class")
      warnings.push_back(doubt_unknown(column, categories, unknown, at));
    return values;
  }

  struct Unknown {
    int64_t count = 0, row = 0;  // the first
    std::vector<std::string> examples;
    bool more = false;  // kinds than those
    void add(std::string_view cell, int64_t at) {
      if (count++ == 0) row = at;
      if (more || std::ranges::count(examples, cell) > 0) return;
      if (examples.size() < 3)
        examples.emplace_back(cell);
      else
        more = true;
    }
  };

  Problem doubt_unknown(const FittedColumn& column, const Categories& categories, const Unknown& unknown,
                        int64_t at) const {
    std::vector<std::string> shown;
    std::string help = "the network sees none of its categories there: write them as in training, if they are meant";
    for (const std::string& example : unknown.examples) {
      shown.push_back(concat("'", shortened(example, 24), "'"));
      if (const std::string* near = categories.alike(example); near && help.starts_with("the"))
        help = concat("write '", *near, "' for '", example, "', as in training");
    }
    return {.where = parts_.cell_where(unknown.row, at),
            .what = concat("column '", column.name, "': ", unknown.count, " of ", count_of(size(), "row"),
                           " have categories that training lacks: ", join(shown), unknown.more ? ", …" : ""),
            .help = help};
  }

  // Columns that training did not have are of no use here.
  void warn_of_columns() {
    if (fitted_.names.empty() || !parts_.text) return;
    std::vector<std::string> more;
    for (const std::string& name : parts_.names)
      if (std::ranges::count(fitted_.names, name) == 0) more.push_back("'" + name + "'");
    if (!more.empty())
      warnings_.push_back(
          {.where = parts_.text->first_where(),
           .what = concat("the training table has no ", more.size() == 1 ? "column " : "columns ",
                          shortened(join(more), 200), "; ", more.size() == 1 ? "it is" : "they are", " left out")});
  }

  // The last cell of each row.
  void put_target() {
    const FittedColumn& target = fitted_.target;
    const bool is_class = target.kind == "class";
    SampleField y{"y", {is_class ? DType::i32 : DType::f32, {}}, is_class ? target.category_count() : 0};
    if (target.kind == "value") {
      y.scaling = {target.shift, target.scale};
      y.class_help = as_class(target.name);
    }
    fields_.push_back(std::move(y));
    if (!is_class) return put(numbers(target), width_ - 1, [](float x) { return Cell{.number = x}; });
    const std::vector<int32_t> labels = codes(target, warnings_);
    put(labels, width_ - 1, [](int32_t code) { return Cell{.code = code}; });
    for (size_t i = 0; i < rows_.size(); ++i)
      if (labels[i] < 0) fail_class(rows_[i], index_of(target));
  }

  [[noreturn]] void fail_class(int64_t row, int64_t at) const {
    const FittedColumn& target = fitted_.target;
    const std::string cell(stripped(parts_.cell(row, at), target.strip));
    const Categories categories(target.categories);
    // What stands behind a class's name in every cell of some files.
    const size_t last = cell.find_last_not_of(".;,!*: ");
    const std::string end = last == std::string::npos ? "" : cell.substr(last + 1);
    std::string help = "take the row out, or name all classes as 'classes' in the data set's description";
    if (MissingWords(parts_.spec, false).contains(cell))
      help = "take the row out";
    else if (!end.empty() && categories.code(cell.substr(0, last + 1)) >= 0)
      help = concat("write 'target: {column: ", target.name, ", strip: \"", end, "\"}'");
    else if (const std::string* near = categories.alike(cell))
      help = concat("write '", *near, "', as in training");
    fail_cell(parts_, row, at, "one of " + shortened(join(target.categories), 200), cell, std::move(help));
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
  std::vector<Problem> warnings_;
  std::vector<Cell> cells_;  // [rows, width_]: a sample is made of what lies side by side
};

// Rows of text: what they become is not known yet.
class Unfitted final : public Dataset, public Labelled, public Fittable {
 public:
  explicit Unfitted(TableParts parts) : parts_(std::move(parts)), warnings_(parts_.warnings) {}
  int64_t size() const override { return parts_.text->rows(); }
  std::span<const SampleField> fields() const override { return {}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return content_hash(parts_); }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "a table that is not fitted has no samples"); }

  Node fit(std::span<const int64_t> samples) const override {
    return write_object(fit_table(parts_, samples, warnings_));
  }

  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<Samples>(parts_, read_fit<FittedTable>(fit), samples, std::exchange(warnings_, {}));
  }

  bool has_labels() const override { return parts_.has_target && target_is_class(parts_, all_rows()); }
  std::string class_of(int64_t index) const override { return std::string(label_text(index)); }

  std::vector<int64_t> labels() const override {
    const TargetSpec& target = parts_.spec.target;
    if (!target_is_class(parts_, all_rows()))
      throw Error(Exit::usage,
                  Problem{.what = concat("expected samples with a class each to take a part of each class, found "
                                         "numbers in the target '",
                                         target.column, "'"),
                          .help = concat("leave 'stratified' out, or ", as_class(target.column))});
    std::unordered_map<std::string_view, int64_t> numbers;
    std::vector<int64_t> labels;
    for (int64_t row = 0; row < size(); ++row)
      labels.push_back(numbers.emplace(label_text(row), static_cast<int64_t>(numbers.size())).first->second);
    return labels;
  }

 private:
  std::vector<int64_t> all_rows() const {
    std::vector<int64_t> rows(static_cast<size_t>(size()));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
  std::string_view label_text(int64_t row) const {
    const TargetSpec& target = parts_.spec.target;
    return stripped(parts_.cell(row, std::ranges::find(parts_.names, target.column) - parts_.names.begin()),
                    target.strip);
  }

  const TableParts parts_;
  mutable std::vector<Problem> warnings_;  // of the file and of fitting, for the first set that is made of it
};

}  // namespace

NumberForm FittedColumn::form() const {
  return {.decimal = decimal.empty() ? '.' : decimal[0],
          .thousands = thousands.empty() ? '\0' : thousands[0],
          .percent = percent};
}

std::vector<ColumnSummary> table_columns(const Dataset& data) {
  const auto table = capability<Tabular>(data);
  return table ? table->columns() : std::vector<ColumnSummary>();
}

DatasetPointer make_table(TableParts parts) {
  if (parts.has_target) expect_column(parts, parts.spec.target.column);
  return std::make_shared<Unfitted>(std::move(parts));
}

DatasetPointer table_without_rows(const Node& fit) {
  auto fitted = read_fit<FittedTable>(fit);
  TableParts parts;
  for (const FittedColumn& column : fitted.columns) parts.names.push_back(column.name);
  parts.names.push_back(fitted.target.name);
  return std::make_shared<Samples>(std::move(parts), std::move(fitted), std::span<const int64_t>(),
                                   std::vector<Problem>());
}

}  // namespace dl
