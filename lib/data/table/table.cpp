// Tables as data sets, as they were read.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/columned.h"
#include "lib/data/fit.h"
#include "lib/data/labelled.h"
#include "lib/data/table/table_cells.h"
#include "lib/data/table/table_fit.h"
#include "lib/data/table/table_samples.h"

namespace dl {
namespace {

// Rows of text: what they become is not known yet.
class Unfitted final : public Dataset, public Labelled, public Columned, public Fittable {
 public:
  explicit Unfitted(TableParts parts)
      : parts_(std::move(parts)),
        target_(std::ranges::find(parts_.names, parts_.spec.target.column.values[0]) - parts_.names.begin()),
        warnings_(parts_.warnings) {}
  int64_t size() const override { return parts_.text->rows(); }
  std::span<const SampleField> fields() const override { return {}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return parts_.xxh64(); }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "a table that is not fitted has no samples"); }

  Node fit(std::span<const int64_t> samples) const override { return fit_rows(RowChoice(samples)); }
  Node fit_first(int64_t count) const override { return fit_rows(RowChoice::all(count)); }
  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return samples_of(fit, RowChoice(samples));
  }
  DatasetPointer fitted_first(const Node& fit, int64_t count) const override {
    return samples_of(fit, RowChoice::all(count));
  }

  ColumnCells cells(const std::string& column) const override {
    expect_column(parts_, column);
    const auto at = std::ranges::find(parts_.names, column) - parts_.names.begin();
    const MissingWords missing(parts_.spec, true);
    ColumnCells cells;
    bool numbers = true;
    for (int64_t row = 0; row < size(); ++row) {
      cells.texts.emplace_back(parts_.cell(row, at));
      cells.missing.push_back(missing.contains(cells.texts.back()));
      const auto number = numbers ? cell_number(cells.texts.back()) : std::nullopt;
      numbers = number.has_value();
      if (numbers) cells.numbers.push_back(*number);
    }
    if (!numbers) cells.numbers.clear();
    return cells;
  }

  bool has_labels() const override { return parts_.has_target && target_is_class(parts_, all_rows()); }
  std::string class_of(int64_t index) const override { return std::string(label_text(index)); }

  std::vector<int64_t> labels() const override {
    const TargetSpec& target = parts_.spec.target;
    if (!target_is_class(parts_, all_rows()))
      throw Error(
          Exit::usage,
          Problem{.what = concat("expected samples with a class each to take a part of each class, found "
                                 "numbers in the target '",
                                 join(target.column.values), "'"),
                  .help = target.column.size() > 1 ? "leave 'stratified' out"
                                                   : concat("leave 'stratified' out, or write '",
                                                            as_class(parts_.spec, target.column.values[0]), "'")});
    std::unordered_map<std::string_view, int64_t> numbers;
    std::vector<int64_t> labels;
    for (int64_t row = 0; row < size(); ++row)
      labels.push_back(numbers.emplace(label_text(row), static_cast<int64_t>(numbers.size())).first->second);
    return labels;
  }

 private:
  RowChoice all_rows() const { return RowChoice::all(size()); }
  Node fit_rows(RowChoice rows) const { return write_object(fit_table(parts_, rows, warnings_)); }
  DatasetPointer samples_of(const Node& fit, RowChoice rows) const {
    return table_samples(parts_, read_fit<FittedTable>(fit), rows, std::exchange(warnings_, {}));
  }
  std::string_view label_text(int64_t row) const {
    return stripped(parts_.cell(row, target_), parts_.spec.target.strip);
  }

  const TableParts parts_;
  const int64_t target_;                   // its column, the first of several
  mutable std::vector<Problem> warnings_;  // of the file and of fitting, for the first set that is made of it
};

}  // namespace

uint64_t TableParts::xxh64() const {
  const uint64_t own = text ? text->xxh64() : 0;
  return target ? own * 31 + target->xxh64() : own;
}

double FittedColumn::curved(double x) const { return log ? signed_log(x) : curve.is_none() ? x : curve(x); }

NumberForm FittedColumn::form() const {
  return {.decimal = decimal.empty() ? '.' : decimal[0],
          .thousands = thousands.empty() ? '\0' : thousands[0],
          .percent = percent,
          .date = date ? date_order(*date) : DateOrder::none,
          .part = date_part(part)};
}

std::vector<ColumnSummary> table_columns(const Dataset& data) {
  const auto table = capability<Tabular>(data);
  return table ? table->columns() : std::vector<ColumnSummary>();
}

DatasetPointer make_table(TableParts parts) {
  if (parts.has_target)
    for (const std::string& target : parts.spec.target.column.values) expect_column(parts, target);
  return std::make_shared<Unfitted>(std::move(parts));
}

DatasetPointer table_without_rows(const Node& fit) {
  auto fitted = read_fit<FittedTable>(fit);
  TableParts parts;
  for (const FittedColumn& column : fitted.columns)
    if (!column.is_further_part()) parts.names.push_back(column.name);
  for (const FittedColumn& target : fitted.target.values) {
    parts.names.push_back(target.name);
    parts.spec.target.column.values.push_back(target.name);
  }
  return table_samples(std::move(parts), std::move(fitted), RowChoice(), {});
}

}  // namespace dl
