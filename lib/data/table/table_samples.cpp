// Cells made numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table_samples.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/base/text.h"
#include "lib/data/table/table_categories.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_column.h"
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
      if (is_field(column)) fields_.push_back(field_of(column, column.name));
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
    if (targets_ > 0) fields_.push_back(targets_ == 1 ? field_of(first_target(), "y") : field_of_targets());
    put_cells(sources);
    if (first_target().kind == "class") classes_ = first_target().categories;
    warn_of_columns();
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
                                                        : summary(*column));
    }
    if (parts_.has_target)
      for (const FittedColumn& target : fitted_.target.values) columns.push_back(summary(target));
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
      in_parallel((size() + block_rows - 1) / block_rows, threads, [&](int64_t i) {
        for (const Source& source : sources)
          if (!put(source, i * block_rows, std::min(size(), (i + 1) * block_rows))) good = false;
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

  TableColumn column_of(const FittedColumn& column) const {
    return {.parts = parts_, .index = index_of(column), .strip = column.strip, .rows = rows_};
  }

  void prepare(Source& source) const {
    const FittedColumn& column = *source.column;
    const TableColumn cells = column_of(column);
    if (column.kind == "group") return make(source);
    source.kept = column.is_number() ? cells.kept_as(column.form()) : cells.kept_as({});
    if (!source.kept) return make(source);
    const MissingWords missing(parts_.spec, column.is_number());
    const Categories categories(column.categories);
    for (const std::string& word : source.kept->words) {
      const std::string_view text = stripped(word, column.strip);
      if (column.is_number()) {
        const auto number = missing.contains(text) ? fill_of(column) : cell_number(text, column.form());
        source.made.push_back({.number = number ? scaled(column, *number) : not_a_cell});
      } else {
        const int32_t code = code_of(column, categories, missing, text);
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
      for (const float value : numbers(column)) source.made.push_back({.number = value});
      return;
    }
    const std::vector<int32_t> codes = column.kind == "group" ? groups(column) : this->codes(column, source.warnings);
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0 && column.kind == "class") fail_class(rows_[static_cast<int64_t>(i)], column);
      source.made.push_back({.code = codes[i] < 0 ? absent_code(source) : codes[i] + source.first});
    }
  }

  static int32_t absent_code(const Source& source) { return source.column->kind == "index" ? 0 : -1; }

  static constexpr int64_t block_rows = 256;

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
      for (size_t i = 0; i < count; ++i) made[i].number = scaled(column, cells[i]);
    } else {
      const double shift = column.shift, scale = column.scale;
      for (size_t i = 0; i < count; ++i) made[i].number = static_cast<float>((cells[i] - shift) / scale);
    }
    bool finite = true;
    for (size_t i = 0; i < count; ++i) finite &= std::abs(made[i].number) <= std::numeric_limits<float>::max();
    if (finite) return true;
    for (size_t i = 0; i < count; ++i) {
      if (KeptCell::is_word(cells[i])) made[i] = source.made[KeptCell::word(cells[i])];
      if (!std::isfinite(made[i].number)) return false;
    }
    return true;
  }

  int64_t index_of(const FittedColumn& column) const {
    const auto found = places_.find(column.name);
    if (found != places_.end()) return found->second;
    std::vector<std::string> strangers;  // that training does not know
    std::ranges::copy_if(parts_.names, std::back_inserter(strangers),
                         [&](const std::string& name) { return std::ranges::count(fitted_.names, name) == 0; });
    const std::string near = closest(column.name, strangers);
    throw Error(
        Exit::data,
        Problem{.where = {.file = parts_.text->path().string()},
                .what = concat("expected a column '", column.name, "' as in the training data, found none"),
                .notes = {"its columns: " + join(parts_.names)},
                .help = near.empty() ? "" : concat("write '", column.name, "' for '", near, "', as in training")});
  }

  static float scaled(const FittedColumn& column, double number) {
    return static_cast<float>((column.curved(number) - column.shift) / column.scale);
  }
  static std::optional<double> fill_of(const FittedColumn& column) {
    return column.fill ? cell_number(*column.fill) : std::nullopt;
  }

  static const char* date_example(const FittedColumn& column) {
    return *column.date == "dmy" ? "29.02.2024" : *column.date == "mdy" ? "2/29/2024" : "2024-02-29";
  }

  std::vector<float> numbers(const FittedColumn& column) const {
    const MissingWords missing(parts_.spec, true);
    const auto fill = fill_of(column);
    const TableColumn cells = column_of(column);
    const std::string help =
        column.kind == "value" ? "take the row out"
        : column.date ? concat("write it as in training, such as ", date_example(column), "; or ", missing_help)
                      : missing_help;
    std::vector<float> values;
    values.reserve(static_cast<size_t>(size()));
    cells.each(
        column.form(),
        [&](std::string_view text) { return missing.contains(text) ? fill : cell_number(text, column.form()); },
        [](double number) { return std::optional(number); },
        [&](int64_t row, const std::optional<double>& number) {
          if (!number) fail_cell(parts_, row, cells.index, column.date ? "a date" : "a number", cells.text(row), help);
          values.push_back(scaled(column, *number));
          if (!std::isfinite(values.back())) fail_cell(parts_, row, cells.index, float_expected, cells.text(row), help);
        });
    return values;
  }

  ColumnSummary summary(const FittedColumn& column) const {
    const MissingWords missing(parts_.spec, column.is_number());
    ColumnSummary summary{.name = column.name, .kind = column.date ? "date" : column.kind};
    std::map<std::string_view, int64_t> kinds;
    int64_t count = 0;
    struct Read {
      bool missing = false;
      std::optional<double> number;
      std::string_view text;
    };
    column_of(column).each(
        column.is_number() ? std::optional(column.form()) : std::nullopt,
        [&](std::string_view text) {
          const bool is_missing = missing.contains(text);
          return Read{is_missing, column.is_number() && !is_missing ? cell_number(text, column.form()) : std::nullopt,
                      text};
        },
        [](double number) {
          return Read{false, number, {}};
        },
        [&](int64_t, const Read& cell) {
          if (cell.missing) {
            ++summary.missing;
          } else if (cell.number) {
            summary.least = count == 0 ? *cell.number : std::min(summary.least, *cell.number);
            summary.most = count == 0 ? *cell.number : std::max(summary.most, *cell.number);
            ++count;
            summary.mean += (*cell.number - summary.mean) / static_cast<double>(count);
          } else {
            ++kinds[cell.text];
          }
        });
    for (const auto& [kind, rows] : kinds) summary.kinds.emplace_back(kind, rows);
    std::ranges::stable_sort(summary.kinds, std::greater(), &std::pair<std::string, int64_t>::second);
    return summary;
  }

  static constexpr int32_t unknown_code = -2;  // of a category that training lacks

  // Behind the last category's the missing cells' one, -1 where there is none.
  static int32_t code_of(const FittedColumn& column, const Categories& categories, const MissingWords& missing,
                         std::string_view text) {
    const int32_t code = categories.code(text);
    if (code >= 0) return code;
    if (!missing.contains(text)) return unknown_code;
    if (column.fill) return categories.code(*column.fill);
    return column.missing_category ? static_cast<int32_t>(column.categories.size()) : -1;
  }

  // Each row's category, as code_of() says.
  std::vector<int32_t> codes(const FittedColumn& column, std::vector<Problem>& warnings) const {
    const MissingWords missing(parts_.spec, false);
    const Categories categories(column.categories);
    const TableColumn cells = column_of(column);
    Unknown unknown, without_value;
    std::vector<int32_t> values;
    values.reserve(static_cast<size_t>(size()));
    cells.each([&](std::string_view text) { return code_of(column, categories, missing, text); },
               [&](int64_t row, int32_t code) {
                 if (code == unknown_code) unknown.add(cells.text(row), row);
                 if (code == -1) without_value.add("", row);
                 values.push_back(code);
               });
    // Rare ones that 'min_count' left out are none of training's either.
    const int64_t least = parts_.spec.min_count > 1 ? size() / 2 : 0;
    if (unknown.count > least && column.kind != "class")
      warnings.push_back(doubt_unknown(column, categories, unknown, cells.index));
    if (without_value.count > 0 && column.kind != "class")
      warnings.push_back({.where = parts_.cell_where(without_value.row, cells.index),
                          .what = concat("column '", column.name, "': ", without_value.count, " of ",
                                         count_of(size(), "row"), " have no value, and all of training's have one"),
                          .help = concat("the network sees none of its categories there: train with 'columns: {",
                                         column.name, ": {impute: most_frequent}}' if such rows come")});
    return values;
  }

  // Each row's group, numbered as they come.
  std::vector<int32_t> groups(const FittedColumn& column) const {
    const MissingWords missing(parts_.spec, false);
    const TableColumn cells = column_of(column);
    std::unordered_map<std::string_view, int32_t> numbers;
    std::vector<int32_t> values;
    values.reserve(static_cast<size_t>(size()));
    for (const int64_t row : rows_) {
      const std::string_view text = cells.text(row);
      if (missing.contains(text))
        fail_cell(parts_, row, cells.index, "what the rows of a group have in common", text, "take the row out");
      values.push_back(numbers.emplace(text, static_cast<int32_t>(numbers.size())).first->second);
    }
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
    if (column.kind == "index" && help.starts_with("the"))
      help += concat("; or 'columns: {", column.name, ": group}' if it only says which rows are ranked together");
    return {.where = parts_.cell_where(unknown.row, at),
            .what = concat("column '", column.name, "': ", unknown.count, " of ", count_of(size(), "row"),
                           " have categories that training lacks: ", join(shown), unknown.more ? ", …" : ""),
            .help = help};
  }

  // Columns that training did not have are of no use here.
  void warn_of_columns() {
    if (fitted_.names.empty() || !parts_.text) return;
    const std::unordered_set<std::string_view> known(fitted_.names.begin(), fitted_.names.end());
    std::vector<std::string> more;
    for (const std::string& name : parts_.names)
      if (!known.contains(name)) more.push_back("'" + name + "'");
    if (!more.empty())
      warnings_.push_back(
          {.where = parts_.text->first_where(),
           .what = concat("the training table has no ", more.size() == 1 ? "column " : "columns ",
                          shortened(join(more), 200), "; ", more.size() == 1 ? "it is" : "they are", " left out")});
  }

  // A column that is a field of its own.
  SampleField field_of(const FittedColumn& column, const std::string& name) const {
    SampleField field{name, {DType::i32, {}}, column.category_count() + (column.kind == "index")};
    if (column.kind == "value") {
      field = {name, {DType::f32, {}}};
      field.scaling = unless_unscaled({{column.shift, column.scale}});
      field.normalized = !field.scaling.empty();
      field.centred = field.normalized && normalization_of(column.name) == "standard";
      field.class_help = concat("write '", as_class(parts_.spec, column.name), "'");
      field.unscaled_help = name == "y" ? concat("write 'target: {column: ", column.name, ", normalize: none}'")
                                        : concat("write 'columns: {", name, ": {type: target, normalize: none}}'");
    }
    if (name != column.name) field.column = column.name;
    return field;
  }

  SampleField field_of_targets() const {
    std::vector<Scaling> scaling;
    for (const FittedColumn& target : fitted_.target.values) scaling.push_back({target.shift, target.scale});
    SampleField field{.name = "y",
                      .type = {DType::f32, {std::ssize(scaling)}},
                      .scaling = unless_unscaled(std::move(scaling)),
                      .unscaled_help = concat("write 'target: {column: [", join(parts_.spec.target.column.values),
                                              "], normalize: none}'"),
                      .value_names = parts_.spec.target.column.values};
    field.normalized = !field.scaling.empty();
    field.centred = field.normalized && parts_.spec.target.normalize == "standard";
    return field;
  }

  // Of a target.
  std::string normalization_of(const std::string& target) const {
    if (std::ranges::count(parts_.spec.target.column.values, target) > 0) return parts_.spec.target.normalize;
    const auto said = parts_.spec.columns.find(target);
    return said == parts_.spec.columns.end() ? "standard" : said->second.normalize.value_or("standard");
  }

  [[noreturn]] void fail_class(int64_t row, const FittedColumn& target) const {
    const int64_t at = index_of(target);
    const std::string cell(stripped(parts_.cell(row, at), target.strip));
    const Categories categories(target.categories);
    // What stands behind a class's name in every cell of some files.
    const size_t last = cell.find_last_not_of(".;,!*: ");
    const std::string end = last == std::string::npos ? "" : cell.substr(last + 1);
    std::string help = "take the row out, or name all classes as 'classes' in the data set's description";
    if (MissingWords(parts_.spec, false).contains(cell))
      help = "take the row out";
    else if (!end.empty() && categories.code(cell.substr(0, last + 1)) >= 0)
      help = &target == &first_target()
                 ? concat("write 'target: {column: ", target.name, ", strip: \"", end, "\"}'")
                 : concat("write 'columns: {", target.name, ": {type: target, strip: \"", end, "\"}}'");
    else if (const std::string* near = categories.alike(cell))
      help = concat("write '", *near, "', as in training");
    fail_cell(parts_, row, at, "one of " + shortened(join(target.categories), 200), cell, std::move(help));
  }

  static std::unordered_map<std::string_view, int64_t> places_of(const std::vector<std::string>& names) {
    std::unordered_map<std::string_view, int64_t> places;
    for (size_t i = 0; i < names.size(); ++i) places.emplace(names[i], static_cast<int64_t>(i));
    return places;
  }

  const TableParts parts_;
  const std::unordered_map<std::string_view, int64_t> places_ = places_of(parts_.names);  // of the table's columns
  const FittedTable fitted_;
  const std::vector<int64_t> named_rows_;
  const RowChoice rows_;  // of the table: those, or its first ones
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
