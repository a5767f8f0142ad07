// A metric: what it keeps of the batches, sums of any shape and, where it needs the whole set, columns; and the figures
// that follow.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/nn/fields.h"
#include "lib/nn/loss.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// Takes what a metric keeps of a batch, while the graph is built.
class Keep {
 public:
  virtual ~Keep() = default;
  // f32 of a shape that the batch's size does not change: added over batches, on the device.
  virtual void sum(const std::string& name, Value value) = 0;
  // f32 [rows] or [rows, k]: the rows of all batches, one after another, on the host.
  virtual void collect(const std::string& name, Value value) = 0;
};

// What was kept of a run of batches.
struct Kept {
  std::map<std::string, std::vector<double>> sums;
  std::map<std::string, std::vector<float>> columns;

  const std::vector<double>& sum(const std::string& name) const { return sums.at(name); }
  double number(const std::string& name) const { return sums.at(name).at(0); }
  const std::vector<float>& column(const std::string& name) const { return columns.at(name); }
  Kept& operator+=(const Kept& other);
  bool operator==(const Kept&) const = default;
};

// Numbers with names, for people: a confusion matrix, a curve.
struct MetricTable {
  std::string name;                  // of the metric, where a run has it
  std::vector<std::string> columns;  // the first column's is that of the rows' names, where there are any
  std::vector<std::string> rows;     // names; empty where the rows have none
  std::vector<double> values;        // row by row
};

// What a metric stands in; types are of one sample.
struct MetricSetting {
  const Loss& loss;  // whose predictions are measured
  Type prediction, target;
  bool sequences = false;  // a prediction and a target for each place of a sequence, of which Fields::lengths count
  std::vector<std::string> classes;  // their names, or those of labels beside each other; empty where there are none
};

struct Metric : Described {
  static constexpr const char* kind = "metric";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for

  FieldNames from;

  void describe(Schema& s) final;
  virtual void describe_keys(Schema& s) = 0;          // the metric's own
  virtual bool takes_group() const { return false; }  // whether it reads Fields::group
  // The predictions of which the metric says something.
  virtual std::vector<Loss::Reads> takes() const = 0;
  // Told before anything is built; what the config left open comes from there.
  virtual void stand_in(const MetricSetting& /*setting*/) {}
  // Types that do not fit are a ShapeError.
  virtual void add(Keep& keep, const Fields& fields) const = 0;
  // What follows the metric's name in those of its figures: "" where there is one, else "_cat", "_dog".
  virtual std::vector<std::string> names() const { return {""}; }
  // A value for each name; NaN where there is nothing to be said.
  virtual std::vector<double> figures(const Kept& kept) const = 0;
  virtual std::optional<MetricTable> table(const Kept& /*kept*/) const { return {}; }
  virtual bool higher_is_better() const = 0;
};

// Throws ShapeError where the metric does not take what the loss reads.
void expect_measurable(const Metric& metric, const Loss& loss);

// A mean over targets as metrics keep it: f32 [] each.
void keep_mean(Keep& keep, Value sum, Value count);
// The same of values [batch, …], those behind the end of a sequence left out.
void keep_mean_of(Keep& keep, Value values, Value lengths);
double mean_of(const Kept& kept);  // NaN where nothing counted

// The classes as parts of figures' names: "_cat". Characters other than letters, digits, '-' and '.' are '_'; two that
// would be the same are numbered.
std::vector<std::string> figure_names(std::span<const std::string> classes);

}  // namespace dl

#define DL_METRIC(Type, name) DL_REGISTER(::dl::Metric, Type, name)
