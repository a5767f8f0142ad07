// Decisions for classes, counted.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

constexpr int64_t most_decided_classes = 1 << 20;

// [rows, columns] of [batch, …, columns].
Value rows_of(Value x) { return reshape(x, {x.shape().elements() / x.shape().last(), x.shape().last()}); }

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// The number of a class that is named.
size_t number_of(const ClassName& name, const std::vector<std::string>& classes) {
  const auto found = std::ranges::find(classes, static_cast<const std::string&>(name));
  if (found != classes.end()) return static_cast<size_t>(found - classes.begin());
  const auto number = Node::scalar(name).as_integer();
  if (number && *number >= 0 && *number < std::ssize(classes)) return static_cast<size_t>(*number);
  throw ShapeError(concat("expected 'positive' to be a class, '", join(classes, "' or '"), "', got '", name, "'"),
                   spelling_help(name, classes, concat("write '", classes.back(), "'")));
}

}  // namespace

bool Codec<ClassName>::read(const Node& node, ClassName& value, const Limits& limits, const Reading& r) {
  if (!node.is_null() && !node.is_scalar()) {
    r.expected(node, type(limits), "write the class's name");
    return false;
  }
  value = node.is_null() ? "" : node.as_string().value_or(node.text);
  return true;
}

Node Codec<ClassName>::write(const ClassName& value) {
  if (value.empty()) return Node::null();
  const auto number = Node::scalar(value).as_integer();
  return number && std::to_string(*number) == value ? Node::integer(*number) : Node::string(value);
}

std::string Codec<ClassName>::type(const Limits&) { return "a class's name, or its number"; }

Node Codec<ClassName>::json_schema(const Limits& limits) {
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<std::string>::json_schema(limits), Codec<double>::json_schema(limits),
                               Codec<bool>::json_schema(limits)}));
  return json_schema::or_null(std::move(any));
}

bool are_exclusive(const MetricSetting& setting) {
  return setting.loss.takes_classes() || setting.sequences || setting.target.shape.rank() != 1;
}

std::vector<std::string> decided_classes(const MetricSetting& setting) {
  const bool of_logits = setting.loss.takes_classes();
  const int64_t columns = of_logits                ? setting.prediction.shape.last()
                          : are_exclusive(setting) ? 2
                                                   : setting.target.shape.elements();
  if (columns > most_decided_classes)
    throw ShapeError(
        concat("keeps a name and counts for each class, of at most ", most_decided_classes, ", there are ", columns),
        "leave it out, or write 'accuracy'");
  std::vector<std::string> names;
  for (int64_t i = 0; i < columns; ++i)
    names.push_back(static_cast<size_t>(columns) == setting.classes.size() ? setting.classes[static_cast<size_t>(i)]
                                                                           : std::to_string(i));
  return names;
}

void DecisionRule::describe(Schema& s) {
  s.optional("threshold", threshold, "of one value a target: the probability above which it is there")
      .above(0)
      .below(1);
  s.optional("ignore_index", ignore_index,
             "targets of this value count for nothing; without it, those that the loss ignores");
}

void DecisionRule::stand_in(const MetricSetting& setting) {
  if (!ignore_index) ignore_index = setting.loss.ignored();
  reads_classes_ = setting.loss.takes_classes();
}

DecisionRule::Decisions DecisionRule::decide(const Fields& f) const {
  if (!is_one_value_a_target(f.prediction, f.target, reads_classes_)) {
    const Value label = class_labels(f.prediction, f.target);
    Value truth = equal(iota(*f.target.graph, f.prediction.shape().last()), label);
    Value decided = first_largest(f.prediction);
    if (const Value counts = counted(label, ignore_index, f.lengths)) {
      decided = decided * counts;
      truth = truth * counts;
    }
    return {rows_of(truth), rows_of(decided)};
  }
  const Value x = as_predicted_shape(f.prediction, f.target), there = x > std::log(threshold / (1 - threshold));
  Value counts = equal(x, x), truth = equal(f.target, 1), other = equal(f.target, 0);  // x that is not NaN
  if (const Value own = counted(f.target, ignore_index, f.lengths)) {
    counts = counts * own;
    truth = truth * own;
    other = other * own;
  }
  if (f.target.shape().rank() == 2 && !f.lengths) {
    const Value known = counted(f.target, ignore_index, f.lengths);
    return {rows_of(truth), rows_of(there * counts),
            rows_of(broadcast_to(known ? known : constant(*x.graph, 1), f.target.shape()))};
  }
  const auto column = [](Value v) { return reshape(v, {v.shape().elements(), 1}); };
  return {concatenate({column(other), column(truth)}, 1),
          concatenate({column((1 - there) * counts), column(there * counts)}, 1)};
}

void keep_class_counts(Keep& keep, const DecisionRule::Decisions& d) {
  const int64_t classes = d.truth.shape().last();
  const auto of_classes = [&](Value v) { return reshape(sum(v, {0}), {classes}); };
  keep.sum("hits", of_classes(d.truth * d.decided));
  keep.sum("predicted", of_classes(d.decided));
  keep.sum("actual", of_classes(d.truth));
  keep.sum("all", d.counts ? of_classes(d.counts) : broadcast_to(reshape(sum(d.truth), {1}), {classes}));
}

std::vector<ClassCounts> class_counts(const Kept& kept) {
  const std::vector<double>&hits = kept.sum("hits"), &predicted = kept.sum("predicted"), &actual = kept.sum("actual"),
        &all = kept.sum("all");
  std::vector<ClassCounts> counts;
  for (size_t c = 0; c < hits.size(); ++c) counts.push_back({hits[c], predicted[c], actual[c], all[c]});
  return counts;
}

void keep_confusion(Keep& keep, const DecisionRule::Decisions& d) {
  keep.sum("confusion", matmul(d.truth, d.decided, true, false));
}

ConfusionCounts::ConfusionCounts(const Kept& kept) : counts(kept.sum("confusion")) {
  while (classes * classes < counts.size()) ++classes;
  actual.resize(classes);
  predicted.resize(classes);
  for (size_t t = 0; t < classes; ++t) {
    for (size_t d = 0; d < classes; ++d) {
      actual[t] += at(t, d);
      predicted[d] += at(t, d);
    }
    hits += at(t, t);
  }
  all = sum_of(counts);
}

std::vector<Loss::Reads> ConfusionMetric::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
}

void ConfusionMetric::stand_in(const MetricSetting& setting) {
  if (!are_exclusive(setting))
    throw ShapeError(concat("expected classes that exclude each other, the targets are ",
                            setting.target.shape.elements(), " labels beside each other"),
                     "leave it out, or write 'f_beta', 'precision' or 'recall'");
  rule.stand_in(setting);
  classes = decided_classes(setting);
}

std::vector<Loss::Reads> ClassScore::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
}

void ClassScore::describe_score(Schema& s) {
  s.optional("average", average,
             "binary: of the class 'positive'; macro: the mean over the classes; weighted: by their targets; micro: of "
             "all together; per_class: a figure for each. Without it, binary for two classes, else macro")
      .one_of({"binary", "macro", "weighted", "micro", "per_class"})
      .instead_of_value("none", "write 'per_class'")
      .instead_of_value("samples", "write 'macro'");
  s.optional("positive", positive, "binary: the class that is looked for; without it, the second")
      .known_as({"pos_label", "class", "positive_class"});
  rule.describe(s);
}

void ClassScore::stand_in(const MetricSetting& setting) {
  rule.stand_in(setting);
  classes_ = decided_classes(setting);
  exclusive_ = are_exclusive(setting);
  const bool two = exclusive_ && classes_.size() == 2;
  if (!average) average = two ? "binary" : "macro";
  if (*average == "binary" && !two)
    throw ShapeError(concat("expected two classes for 'average: binary', there are ", classes_.size()),
                     "write 'average: macro'");
  if (*average != "binary") {
    if (positive.empty() || positive == "1") return;  // as older runs have it written
    throw ShapeError(concat("'positive' is the class of 'average: binary', this is '", *average, "'"),
                     "leave it out, or write 'average: per_class', which has a figure for each");
  }
  if (!positive.empty()) positive_ = number_of(positive, classes_);
  positive = std::to_string(positive_);  // read without the names too, unless another class has it as its name
  if (number_of(positive, classes_) != positive_) positive = classes_[positive_];
}

std::vector<std::string> ClassScore::names() const {
  if (average != "per_class") return {""};
  return figure_names(classes_);
}

std::vector<double> ClassScore::figures(const Kept& kept) const {
  const std::vector<ClassCounts> counts = class_counts(kept);
  ClassCounts together;
  std::vector<double> scores;
  for (const ClassCounts& c : counts) {
    scores.push_back(score(c));
    together.hits += c.hits;
    together.predicted += c.predicted;
    together.actual += c.actual;
    together.all += c.all;
  }
  if (average == "micro") return {score(together)};
  if (average == "per_class") return scores;
  if (average == "binary") return {scores[positive_]};
  double sum = 0, weight = 0;
  for (size_t c = 0; c < scores.size(); ++c) {
    // A class that is neither among the targets nor among the predictions is none of this set's.
    const double w = average == "weighted"                                       ? counts[c].actual
                     : !exclusive_ || counts[c].predicted + counts[c].actual > 0 ? 1
                                                                                 : 0;
    sum += w * scores[c];
    weight += w;
  }
  return {weight > 0 ? sum / weight : std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace dl
