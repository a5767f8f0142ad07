// Accuracy: the share of targets whose class is among the top_k largest values; among equal values the first class wins
#include "lib/nn/class_target.h"
#include "lib/nn/metric.h"

namespace dl {
namespace {

struct Accuracy final : Metric {
  int64_t top_k = 1;
  std::optional<int64_t> ignore_index;

  void describe(Schema& s) override {
    s.summary("share of targets whose class has the largest value");
    s.also_known_as({"acc", "sparse_categorical_accuracy"});
    s.optional("top_k", top_k, "a hit is among that many largest values").at_least(1);
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing");
    s.example("accuracy");
    s.example("accuracy: {top_k: 5}");
  }

  // prediction f32 [batch, …, classes], target i32 [batch, …]
  Sums build(Value prediction, Value target) const override {
    expect_class_targets(prediction, target);
    const Value classes = iota(*prediction.graph, prediction.shape().last()), label = with_class_axis(target);
    const Value own = sum(hits(prediction, target) * prediction, {-1});
    // Classes before the right one; written so that NaN counts as a miss.
    const Value ahead = sum(1 - where(equal(prediction, own), classes >= label, prediction < own), {-1});
    const Value hit = ahead < static_cast<double>(top_k);
    return {sum(ignore_index ? hit * counted(target, *ignore_index) : hit), count_targets(target, ignore_index)};
  }

  bool higher_is_better() const override { return true; }
};
DL_METRIC(Accuracy, "accuracy");

}  // namespace
}  // namespace dl
