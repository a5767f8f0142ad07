// Metrics of predicted probabilities: a mean over targets of a value of each.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/nn/metric.h"

namespace dl {

// Of classes before a softmax or after it, of one value before a sigmoid: whose targets are 0 and 1.
struct ProbabilityMetric : Metric {
  std::optional<int64_t> ignore_index;

  std::vector<Loss::Reads> takes() const final;
  void stand_in(const MetricSetting& setting) override;
  void add(Keep& keep, const Fields& fields) const final;
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const final { return false; }

 protected:
  bool reads_classes_ = false;       // whether the loss takes one value a class
  void describe_ignored(Schema& s);  // the key
  // Of predictions x [batch, …, classes] and the classes' probabilities of the targets y of the same shape:
  // [batch, …, 1].
  virtual Value of_classes(Value x, Value y) const = 0;
  // Of predictions and targets, 0 and 1 or a probability, of one shape.
  virtual Value of_values(Value x, Value y) const = 0;
};

}  // namespace dl
