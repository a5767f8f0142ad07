// Windows of a series: what is fitted to their rows, and copied out of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/series.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/overlapping.h"

namespace dl {
namespace {

// y = (x - shift) / scale
struct SeriesColumn {
  std::string name;
  double shift = 0, scale = 1;
  void describe(Schema& s) {
    s.required("name", name, "of the column");
    s.optional("shift", shift, "what is taken off");
    s.optional("scale", scale, "by what the rest is divided");
  }
};

// What was fitted to the rows of the training windows, kept in the resolved config as `data.fitted`.
struct FittedSeries {
  std::vector<SeriesColumn> columns, targets;
  void describe(Schema& s) {
    s.required("columns", columns, "of the input");
    s.required("targets", targets, "of what is predicted");
  }
};

SampleField series_target(const SeriesWindows& windows, const FittedSeries& fit) {
  std::vector<int64_t> sizes;
  if (windows.horizon > 1 || fit.targets.size() > 1) sizes.push_back(windows.horizon);
  if (fit.targets.size() > 1) sizes.push_back(std::ssize(fit.targets));
  SampleField y{"y", {DType::f32, Shape(std::move(sizes))}};
  std::vector<Scaling> scaling;
  for (const SeriesColumn& target : fit.targets) scaling.push_back({target.shift, target.scale});
  scaling = unless_unscaled(std::move(scaling));
  y.normalized = !scaling.empty();
  y.centred = y.normalized && windows.centred;
  if (scaling.size() == 1) y.scaling = std::move(scaling);
  if (fit.targets.size() > 1)
    for (const SeriesColumn& target : fit.targets) y.value_names.push_back(target.name);
  y.unscaled_help = "write 'normalize: none' beside 'format: series'";
  return y;
}

// Windows after fitting.
class SeriesSamples final : public Dataset {
 public:
  SeriesSamples(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, const FittedSeries& fit,
                std::vector<int64_t> samples)
      : rows_(std::move(rows)), windows_(windows), samples_(std::move(samples)) {
    fields_.push_back({"x", {DType::f32, Shape({windows.length, std::ssize(fit.columns)})}});
    if (windows.has_target) fields_.push_back(series_target(windows, fit));
    if (!rows_) return;
    inputs_ = scaled(fit.columns);
    if (windows.has_target) targets_ = scaled(fit.targets);
  }

  int64_t size() const override { return std::ssize(samples_); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  std::vector<Problem> warnings() const override { return rows_ ? rows_->warnings : std::vector<Problem>(); }
  uint64_t fingerprint() const override {
    Xxh64 hash(rows_ ? rows_->hash : 0);
    hash.append(samples_.data(), samples_.size() * sizeof samples_[0]);
    return hash.value();
  }
  Where place(int64_t index) const override {
    const int64_t row = windows_.row(samples_[static_cast<size_t>(index)]);
    return {.file = rows_->path.string(), .line = rows_->lines[static_cast<size_t>(row)]};
  }
  void get(int64_t index, Sample& into) const override {
    const int64_t row = windows_.row(samples_[static_cast<size_t>(index)]);
    copy(inputs_, row, fields_[0], into.fields[0]);
    if (windows_.has_target) copy(targets_, row + windows_.length, fields_[1], into.fields[1]);
  }

 private:
  std::vector<float> scaled(const std::vector<SeriesColumn>& columns) const {
    std::vector<float> values(static_cast<size_t>(rows_->rows) * columns.size());
    for (size_t c = 0; c < columns.size(); ++c) {
      const SeriesColumn& column = columns[c];
      const auto found = std::ranges::find(rows_->names, column.name);
      if (found == rows_->names.end())
        throw Error(Exit::data,
                    Problem{.where = {.file = rows_->path.string()},
                            .what = concat("expected a column '", column.name, "' as in the training data, found none"),
                            .notes = {"its columns: " + join(rows_->names)}});
      const auto& from = rows_->columns[static_cast<size_t>(found - rows_->names.begin())];
      for (size_t r = 0; r < from.size(); ++r)
        values[r * columns.size() + c] = static_cast<float>((from[r] - column.shift) / column.scale);
    }
    return values;
  }
  void copy(const std::vector<float>& values, int64_t row, const SampleField& field, std::byte* into) const {
    const size_t width = values.size() / static_cast<size_t>(rows_->rows);
    std::memcpy(into, values.data() + static_cast<size_t>(row) * width, static_cast<size_t>(field.type.bytes()));
  }

  const std::shared_ptr<const SeriesRows> rows_;  // null: known by its fit alone
  const SeriesWindows windows_;
  const std::vector<int64_t> samples_;
  std::vector<SampleField> fields_;
  std::vector<float> inputs_, targets_;  // [rows, columns], [rows, targets]
};

class SeriesSet final : public Dataset, public Fittable, public Overlapping {
 public:
  SeriesSet(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, SeriesColumns columns)
      : rows_(std::move(rows)), windows_(windows), columns_(std::move(columns)) {}

  int64_t size() const override { return windows_.count; }
  std::span<const SampleField> fields() const override { return {}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return rows_->hash; }
  void get(int64_t, Sample&) const override { DL_CHECK(false, "a series that is not fitted has no samples"); }
  bool samples_overlap() const override { return windows_.stride < windows_.length + windows_.horizon; }

  Node fit(std::span<const int64_t> samples) const override {
    std::vector<bool> seen(static_cast<size_t>(rows_->rows));
    for (const int64_t sample : samples) {
      const auto begin = seen.begin() + windows_.row(sample);
      std::fill(begin, begin + windows_.length + windows_.horizon, true);
    }
    FittedSeries fit;
    for (const std::string& name : columns_.inputs) fit.columns.push_back(fit_column(name, seen));
    for (const std::string& name : columns_.targets) fit.targets.push_back(fit_column(name, seen));
    return write_object(fit);
  }
  DatasetPointer fitted(const Node& fit, std::span<const int64_t> samples) const override {
    return std::make_shared<SeriesSamples>(rows_, windows_, read_fit<FittedSeries>(fit),
                                           std::vector<int64_t>(samples.begin(), samples.end()));
  }

 private:
  SeriesColumn fit_column(const std::string& name, const std::vector<bool>& seen) const {
    SeriesColumn column{.name = name};
    if (columns_.normalize == "none") return column;
    const auto at = static_cast<size_t>(std::ranges::find(rows_->names, name) - rows_->names.begin());
    const std::vector<double>& values = rows_->columns[at];
    double least = INFINITY, most = -INFINITY, mean = 0, squares = 0, count = 0;
    for (size_t r = 0; r < values.size(); ++r) {
      if (!seen[r]) continue;
      least = std::min(least, values[r]), most = std::max(most, values[r]);
      const double from_mean = values[r] - mean;
      mean += from_mean / ++count;
      squares += from_mean * (values[r] - mean);
    }
    const bool standard = columns_.normalize == "standard";
    column.shift = standard ? mean : least;
    const double scale = standard ? std::sqrt(squares / count) : most - least;
    column.scale = scale > 0 ? scale : 1;  // a column that is constant is 0
    return column;
  }

  const std::shared_ptr<const SeriesRows> rows_;
  const SeriesWindows windows_;
  const SeriesColumns columns_;
};

}  // namespace

DatasetPointer series(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, SeriesColumns columns) {
  return std::make_shared<SeriesSet>(std::move(rows), windows, std::move(columns));
}

DatasetPointer series_by_fit(std::shared_ptr<const SeriesRows> rows, const SeriesWindows& windows, const Node& fit) {
  std::vector<int64_t> samples(rows ? static_cast<size_t>(windows.count) : 0);
  std::iota(samples.begin(), samples.end(), 0);
  return std::make_shared<SeriesSamples>(std::move(rows), windows, read_fit<FittedSeries>(fit), std::move(samples));
}

}  // namespace dl
