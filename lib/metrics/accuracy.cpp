// Accuracy: the share of samples whose class is among the top_k largest values; among equal values the first class wins
#include "lib/nn/metric.h"

namespace dl {
namespace {

struct Accuracy final : Metric {
  int64_t top_k = 1;

  void describe(Schema& s) override {
    s.summary("share of samples whose class has the largest value");
    s.also_known_as({"acc", "sparse_categorical_accuracy"});
    s.optional("top_k", top_k, "a hit is among that many largest values").at_least(1);
    s.example("accuracy");
    s.example("accuracy: {top_k: 5}");
  }

  Sums build(Value prediction, Value target) const override {
    if (prediction.shape().rank() != 2 || target.shape().rank() != 1) {
      throw ShapeError(concat("expected one value a class and a class as target, got ",
                              prediction.shape().without_batch().text(), " and ",
                              target.shape().without_batch().text()));
    }
    Graph& g = *prediction.graph;
    const int64_t batch = prediction.shape()[0];
    const Value classes = iota(g, prediction.shape()[1]), label = reshape(target, {batch, 1});
    const Value own = sum(equal(classes, label) * prediction, {-1});
    // Classes before the right one; written so that NaN counts as a miss.
    const Value ahead = sum(1 - where(equal(prediction, own), classes >= label, prediction < own), {-1});
    return {sum(ahead < static_cast<double>(top_k)), constant(g, static_cast<double>(batch))};
  }

  bool higher_is_better() const override { return true; }
};
DL_METRIC(Accuracy, "accuracy");

}  // namespace
}  // namespace dl
