// What a metric gives for batches, as programs would add them up.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/nn/metric.h"
#include "tests/evaluate.h"
#include "tests/read_registered.h"

namespace dl::testing {

// A metric beside a loss, for batches of these types; the error of types that do not fit is thrown.
class MeasuredMetric {
 public:
  MeasuredMetric(const std::string& yaml, const std::string& loss, const Type& prediction, const Type& target,
                 std::vector<std::string> classes = {}, const std::string& device = "reference", bool sequences = false)
      : metric(read_registered_as<Metric>(yaml)), loss_(read_registered_as<Loss>(loss)) {
    metric->stand_in({.loss = *loss_,
                      .prediction = {prediction.dtype, prediction.shape.without_batch()},
                      .target = {target.dtype, target.shape.without_batch()},
                      .sequences = sequences,
                      .classes = std::move(classes)});
    Graph g;
    Kinds keep;
    Fields fields{.prediction = input(g, "x", prediction), .target = input(g, "y", target)};
    if (sequences) fields.lengths = input(g, "lengths", {DType::i32, {target.shape[0]}});
    metric->add(keep, fields);
    std::vector<Value> values;
    for (const auto& [name, value] : keep.sums) values.push_back(value), sums_.push_back(name);
    for (const auto& [name, value] : keep.rows) values.push_back(value), rows_.push_back(name);
    evaluation_.emplace(g, values, device);
  }

  void add(const Numbers& prediction, const Numbers& target, const Numbers& lengths = {}) {
    Feed feed{{"x", prediction}, {"y", target}};
    if (!lengths.empty()) feed["lengths"] = lengths;
    const std::vector<Numbers> results = (*evaluation_)(feed);
    Kept batch;
    for (size_t i = 0; i < results.size(); ++i) {
      if (i < sums_.size())
        batch.sums[sums_[i]].assign(results[i].begin(), results[i].end());
      else
        batch.columns[rows_[i - sums_.size()]] = results[i];
    }
    kept += batch;
  }
  std::vector<double> figures() const { return metric->figures(kept); }

  std::unique_ptr<Metric> metric;
  Kept kept;

 private:
  struct Kinds final : Keep {
    void sum(const std::string& name, Value value) override { sums.emplace_back(name, value); }
    void collect(const std::string& name, Value value) override { rows.emplace_back(name, value); }
    std::vector<std::pair<std::string, Value>> sums, rows;
  };

  std::unique_ptr<Loss> loss_;
  std::vector<std::string> sums_, rows_;
  std::optional<Evaluation> evaluation_;
};

// The figures of one batch.
inline std::vector<double> measured(const std::string& yaml, const std::string& loss, const Type& prediction,
                                    const Type& target, const Numbers& x, const Numbers& y) {
  MeasuredMetric metric(yaml, loss, prediction, target);
  metric.add(x, y);
  return metric.figures();
}

// The mean loss of a prediction and a target.
inline Value mean_loss(const Loss& loss, Value prediction, Value target) {
  return loss.over({.prediction = prediction, .target = target}).mean;
}

}  // namespace dl::testing
