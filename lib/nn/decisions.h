// Which classes predictions decide for, and what follows for each class: what metrics of classes share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/nn/metric.h"

namespace dl {

// How predictions are read as decisions; keys of several metrics.
struct DecisionRule {
  std::optional<int64_t> ignore_index;
  double threshold = 0.5;

  void describe(Schema& s);
  void stand_in(const MetricSetting& setting);

  // Of predictions [batch, …, classes] of class targets [batch, …], the first of the largest values decides. Of one
  // value a target, before a sigmoid, those above the threshold; a target [k] is k labels beside each other, each of
  // which may be there or not; targets of other shapes are of two classes.
  // f32 [rows, classes], 1 and 0; a row of an ignored target is 0. A prediction that holds NaN decides for nothing.
  struct Decisions {
    Value truth, decided;
    Value counts;  // of labels beside each other: whether each is known
  };
  Decisions decide(const Fields& fields) const;

 private:
  bool reads_classes_ = true;
};

// A class as a key names it: by its name, or by its number where none has that name. Empty: none is named.
struct ClassName : std::string {
  using std::string::string;
  ClassName(std::string name) : std::string(std::move(name)) {}
};

template <>
struct Codec<ClassName> {
  static bool read(const Node& node, ClassName& value, const Limits& limits, const Reading& r);
  static Node write(const ClassName& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// Whether the classes of a target exclude each other: not those of labels beside each other.
bool are_exclusive(const MetricSetting& setting);
// "cat" and so on, or "0", "1", …: of all columns of Decisions.
std::vector<std::string> decided_classes(const MetricSetting& setting);

// Sums "hits", "predicted", "actual" and "all", f32 [classes] each.
void keep_class_counts(Keep& keep, const DecisionRule::Decisions& decisions);
// Of a class: targets that are of it and taken for it, those taken for it, those of it, and all there are.
struct ClassCounts {
  double hits = 0, predicted = 0, actual = 0, all = 0;
};
std::vector<ClassCounts> class_counts(const Kept& kept);
// Sum "confusion", f32 [classes, classes]: row the target's class, column the decided one.
void keep_confusion(Keep& keep, const DecisionRule::Decisions& decisions);

// A confusion matrix with its sums.
struct ConfusionCounts {
  explicit ConfusionCounts(const Kept& kept);
  double at(size_t truth, size_t decided) const { return counts[truth * classes + decided]; }
  size_t classes = 0;
  std::vector<double> counts, actual, predicted;
  double all = 0, hits = 0;
};

// What follows from a confusion matrix; labels beside each other, which have none, are a ShapeError.
struct ConfusionMetric : Metric {
  DecisionRule rule;
  std::vector<std::string> classes;

  std::vector<Loss::Reads> takes() const final;
  void stand_in(const MetricSetting& setting) final;
  void add(Keep& keep, const Fields& fields) const final { keep_confusion(keep, rule.decide(fields)); }
  bool higher_is_better() const final { return true; }
};

// A score of each class from its hits, predictions and targets, brought together by `average` as in scikit-learn.
struct ClassScore : Metric {
  std::optional<std::string> average;
  ClassName positive;  // of 'average: binary'; unset: the second
  DecisionRule rule;

  std::vector<Loss::Reads> takes() const final;
  void stand_in(const MetricSetting& setting) final;
  void add(Keep& keep, const Fields& fields) const final { keep_class_counts(keep, rule.decide(fields)); }
  std::vector<std::string> names() const final;
  std::vector<double> figures(const Kept& kept) const final;
  bool higher_is_better() const final { return true; }

 protected:
  void describe_score(Schema& s);  // the keys
  // 0 where there is nothing to divide by.
  virtual double score(const ClassCounts& c) const = 0;

 private:
  std::vector<std::string> classes_;
  size_t positive_ = 1;  // of them
  bool exclusive_ = true;
};

}  // namespace dl
