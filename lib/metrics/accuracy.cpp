// Accuracy: the share of targets whose class is among the top_k largest values, where among equal values the first
// class wins; of predictions that are one value before a sigmoid, the share of those on the right side of 0
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct Accuracy final : Metric {
  int64_t top_k = 1;
  std::optional<int64_t> ignore_index;

  void describe_keys(Schema& s) override {
    s.summary("share of targets whose class has the largest value");
    s.details(
        "Of a single value, as bce_with_logits takes it: the share of targets 1 with a value above 0 and targets 0 "
        "with "
        "another.");
    s.also_known_as({"acc", "sparse_categorical_accuracy"});
    s.optional("top_k", top_k, "a hit is among that many largest values").at_least(1);
    s.optional("ignore_index", ignore_index,
               "targets of this value count for nothing; without it, those that the loss ignores");
    s.example("accuracy");
    s.example("accuracy: {top_k: 5}");
  }

  std::vector<Loss::Reads> takes() const override {
    return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
  }
  void stand_in(const MetricSetting& setting) override {
    if (!ignore_index) ignore_index = setting.loss.ignored();
    reads_classes_ = setting.loss.takes_classes();
  }

  // prediction f32 [batch, …, classes], target i32 [batch, …] or probabilities f32 [batch, …, classes], of which the
  // largest is the class; or one value for each target
  void add(Keep& keep, const Fields& f) const override {
    if (is_one_value_a_target(f.prediction, f.target, reads_classes_)) return add_single_values(keep, f);
    const Value label = class_labels(f.prediction, f.target);
    expect_misses(f.prediction.shape().last());
    const Value classes = iota(*f.prediction.graph, f.prediction.shape().last());
    const Value own = sum(where(equal(classes, label), f.prediction, 0), {-1});  // others may be infinite
    // Classes before the right one; written so that NaN counts as a miss.
    const Value ahead = sum(1 - where(equal(f.prediction, own), classes >= label, f.prediction < own), {-1});
    const Value hit = ahead < static_cast<double>(top_k);
    keep_counted(keep, hit, label, f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }

  bool higher_is_better() const override { return true; }

 private:
  bool reads_classes_ = true;

  // Written so that NaN counts as a miss.
  void add_single_values(Keep& keep, const Fields& f) const {
    expect_misses(2);
    const Value x = as_predicted_shape(f.prediction, f.target);
    keep_counted(keep, where(equal(f.target, 1), x > 0, x <= 0), f.target, f.lengths);
  }
  void keep_counted(Keep& keep, Value hit, Value label, Value lengths) const {
    const Value counts = counted(label, ignore_index, lengths);
    keep_mean(keep, sum(counts ? hit * counts : hit), count_targets(label, counts));
  }
  void expect_misses(int64_t classes) const {
    if (top_k < classes) return;
    throw ShapeError(concat("expected top_k below the number of classes, ", classes, ", got ", top_k,
                            ": every prediction were a hit"),
                     classes > 2 ? concat("lower 'top_k', to ", classes - 1, " at most") : "leave 'top_k' out");
  }
};
DL_METRIC(Accuracy, "accuracy");

}  // namespace
}  // namespace dl
