// Rows kept on the host, and what is made of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/base/text.h"
#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/decisions.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double none = -1;  // the label of a target that does not count

Value flat(Value x) { return reshape(x, {x.shape().elements()}); }

Value marked(Value label, const std::optional<int64_t>& ignore_index, Value lengths) {
  const Value counts = counted(label, ignore_index, lengths);
  return counts ? where(counts, label, none) : label * 1.0;
}

}  // namespace

std::vector<Loss::Reads> RankMetric::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
}

void RankMetric::describe_average(Schema& s) {
  s.optional(
       "average", average,
       "macro: the mean over the classes, each against the others; weighted: by their targets; per_class: a "
       "figure for each. Of two classes it is that of class 1 unless a class is asked for each; without it, macro")
      .one_of({"macro", "weighted", "per_class"})
      .instead_of_value("none", "write 'per_class'");
  s.optional("ignore_index", ignore_index,
             "targets of this value count for nothing; without it, those that the loss ignores");
}

void RankMetric::stand_in(const MetricSetting& setting) {
  if (!ignore_index) ignore_index = setting.loss.ignored();
  if (!average) average = "macro";
  classes_ = decided_classes(setting);
  exclusive_ = are_exclusive(setting);
  reads_classes_ = setting.loss.takes_classes();
}

std::vector<std::string> RankMetric::names() const {
  if (average != "per_class") return {""};
  return figure_names(classes_);
}

// "score" [rows, k] and "label": of k classes that exclude each other [rows], the class; of others [rows, k], whether
// each is there. Of two classes one score, that of class 1.
void RankMetric::add(Keep& keep, const Fields& f) const {
  if (is_one_value_a_target(f.prediction, f.target, reads_classes_)) {
    const Value x = as_predicted_shape(f.prediction, f.target);
    keep.collect("score", flat(x));
    keep.collect("label", flat(marked(f.target, ignore_index, f.lengths)));
    return;
  }
  const Value label = class_labels(f.prediction, f.target);
  const int64_t k = f.prediction.shape().last(), rows = f.prediction.shape().elements() / k;
  const int last = f.prediction.shape().rank() - 1;
  if (k == 2)  // the order is that of the probability, which is rounded to 1 where this is not
    keep.collect("score", flat(slice(f.prediction, last, 1, 1) - slice(f.prediction, last, 0, 1)));
  else
    keep.collect("score", reshape(log_softmax(f.prediction), {rows, k}));
  keep.collect("label", flat(marked(label, ignore_index, f.lengths)));
}

std::vector<double> RankMetric::figures(const Kept& kept) const {
  const std::vector<float>&scores = kept.column("score"), &labels = kept.column("label");
  const bool two = exclusive_ && classes_.size() == 2;
  const size_t classes = two ? 1 : classes_.size(), rows = scores.size() / classes;
  std::vector<double> values, targets;
  std::vector<Ranked> ranked;
  for (size_t c = 0; c < classes_.size(); ++c) {
    ranked.clear();
    double there = 0;
    bool holds_nan = false;
    for (size_t row = 0; row < rows; ++row) {
      const float label = exclusive_ ? labels[row] : labels[row * classes + c];
      if (label == none) continue;
      const float own = two ? (c == 0 ? -scores[row] : scores[row]) : scores[row * classes + c];
      const bool positive = label == (exclusive_ ? static_cast<float>(c) : 1.0f);
      ranked.push_back({own, positive});
      there += positive;
      holds_nan |= std::isnan(own);
    }
    if (!holds_nan) std::ranges::sort(ranked, std::greater<>(), &Ranked::score);  // which NaN have no order for
    values.push_back(holds_nan ? nan : of(ranked));
    targets.push_back(there);
  }
  if (average == "per_class") return values;
  if (two) return {values[1]};
  double sum = 0, weight = 0;
  for (size_t c = 0; c < values.size(); ++c) {
    const double w = average == "weighted" ? targets[c] : 1;
    if (w == 0) continue;
    sum += w * values[c];
    weight += w;
  }
  return {weight > 0 ? sum / weight : nan};
}

void NumberPairs::add(Keep& keep, const Fields& f) const {
  if (f.lengths)
    throw ShapeError("keeps all predictions and targets, and cannot leave out places behind a sequence's end",
                     "leave it out, or write 'mae'");
  const Value predicted = as_predicted_numbers(f.prediction, f.target);
  keep.collect("predicted", flat(predicted));
  keep.collect("target", flat(f.target));
}

std::vector<double> NumberPairs::figures(const Kept& kept) const {
  const std::vector<float>&predicted = kept.column("predicted"), &targets = kept.column("target");
  const auto columns = static_cast<size_t>(columns_);
  double sum = 0;
  for (size_t c = 0; c < columns; ++c) {
    std::vector<double> x, y;
    for (size_t i = c; i < targets.size(); i += columns) {
      x.push_back(static_cast<double>(predicted[i]));
      y.push_back(static_cast<double>(targets[i]));
    }
    const auto is_nan = [](double value) { return std::isnan(value); };
    sum += std::ranges::any_of(x, is_nan) || std::ranges::any_of(y, is_nan) ? nan : of(x, y);
  }
  return {sum / static_cast<double>(columns)};
}

double median(std::vector<double> values) {
  if (values.empty()) return nan;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double both = 0, of_a = 0, of_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double da = a[i] - mean_a, db = b[i] - mean_b;
    both += da * db;
    of_a += da * da;
    of_b += db * db;
  }
  return of_a > 0 && of_b > 0 ? std::clamp(both / std::sqrt(of_a * of_b), -1.0, 1.0) : nan;
}

}  // namespace dl
