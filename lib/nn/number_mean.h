// Metrics of numbers that are a mean over the targets of a value of each.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {

struct NumberMean : Metric {
  std::vector<Loss::Reads> takes() const final { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const final {
    keep_mean_of(keep, of(as_predicted_numbers(f.prediction, f.target), f.target), f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const final { return false; }

 protected:
  virtual Value of(Value predicted, Value target) const = 0;  // of one shape
};

}  // namespace dl
