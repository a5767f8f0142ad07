// Cross-entropy of a softmax: the mean over the batch of -log(softmax(x)[y])
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct CrossEntropy final : Loss {
  double label_smoothing = 0;

  void describe(Schema& s) override {
    s.summary("negative log-likelihood of the class under a softmax; takes values before softmax");
    s.details(
        "With label_smoothing e the target is 1 - e + e/classes at the class and e/classes elsewhere (Szegedy et al. "
        "2016, arXiv:1512.00567).");
    s.also_known_as({"CrossEntropyLoss", "sparse_categorical_crossentropy", "categorical_crossentropy",
                     "SparseCategoricalCrossentropy", "crossentropy"});
    s.optional("label_smoothing", label_smoothing, "share of the target spread over all classes").at_least(0).below(1);
    s.example("cross_entropy");
    s.example("cross_entropy: {label_smoothing: 0.1}");
  }

  // prediction f32 [batch, classes], target i32 [batch]
  Value build(Value prediction, Value target) const override {
    if (prediction.shape().rank() != 2 || target.shape().rank() != 1) {
      throw ShapeError(
          concat("expected one value a class and a class as target, got ", prediction.shape().without_batch().text(),
                 " and ", target.shape().without_batch().text()),
          prediction.shape().rank() > 2 ? "end the model with 'flatten' and 'linear: ${data.classes}'" : "");
    }
    const int64_t batch = prediction.shape()[0], classes = prediction.shape()[1];
    const Value log_p = log_softmax(prediction);
    const Value hit = equal(iota(*prediction.graph, classes), reshape(target, {batch, 1}));
    const Value weight =
        label_smoothing > 0 ? hit * (1 - label_smoothing) + label_smoothing / static_cast<double>(classes) : hit;
    return sum(sum(weight * log_p, {-1})) * (-1.0 / static_cast<double>(batch));
  }

  Value told(Value prediction) const override { return softmax(prediction); }
};
DL_LOSS(CrossEntropy, "cross_entropy");

}  // namespace
}  // namespace dl
