// Scores and targets of a whole set, kept sample by sample: what metrics of ranks share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/nn/metric.h"

namespace dl {

struct Ranked {
  float score = 0;
  bool positive = false;
};

// Of each class against the others from the scores of a set, where the order of scores is all that counts; brought
// together by `average`. No figure where a score is NaN.
struct RankMetric : Metric {
  std::optional<std::string> average;
  std::optional<int64_t> ignore_index;

  std::vector<Loss::Reads> takes() const final;
  void stand_in(const MetricSetting& setting) final;
  void add(Keep& keep, const Fields& fields) const final;
  std::vector<std::string> names() const final;
  std::vector<double> figures(const Kept& kept) const final;
  bool higher_is_better() const final { return true; }

 protected:
  void describe_average(Schema& s);  // the keys
  // Of scores from the highest to the lowest; NaN where positives or negatives are missing and it asks for both.
  virtual double of(std::span<const Ranked> sorted) const = 0;

 private:
  std::vector<std::string> classes_;
  bool exclusive_ = true, reads_classes_ = true;
};

// Calls f(positives, negatives) for each run of equal scores, from the highest to the lowest.
template <class F>
void for_each_tie(std::span<const Ranked> sorted, F f) {
  for (size_t i = 0; i < sorted.size();) {
    double positives = 0, negatives = 0;
    for (const float score = sorted[i].score; i < sorted.size() && sorted[i].score == score; ++i)
      ++(sorted[i].positive ? positives : negatives);
    f(positives, negatives);
  }
}

// Predictions and targets that are numbers, of a whole set: the mean of a score over the target's columns.
struct NumberPairs : Metric {
  std::vector<Loss::Reads> takes() const final { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& fields) const final;
  void stand_in(const MetricSetting& setting) final { columns_ = setting.target.shape.elements(); }
  std::vector<double> figures(const Kept& kept) const final;
  bool higher_is_better() const override { return true; }

 protected:
  // NaN where there is nothing to be said.
  virtual double of(const std::vector<double>& predicted, const std::vector<double>& targets) const = 0;

 private:
  int64_t columns_ = 1;
};

// The middle of values, of an even number the mean of both.
double median(std::vector<double> values);

// Pearson's correlation; NaN where one of both does not vary.
double correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace dl
