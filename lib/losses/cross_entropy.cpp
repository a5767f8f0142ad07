// Cross-entropy of a softmax: the mean over the targets of -log(softmax(x)[y]), weighed by the targets' classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct CrossEntropy final : Loss {
  double label_smoothing = 0;
  std::optional<int64_t> ignore_index;
  ClassWeights weight;

  void describe_keys(Schema& s) override {
    s.summary("negative log-likelihood of the class under a softmax; takes values before softmax");
    s.details(
        "Predictions [batch, classes] against classes [batch], or [batch, length, classes] against sequences [batch, "
        "length]; or against probabilities of the classes, [batch, classes], of which it is the mean of -sum(y log "
        "softmax(x)). With label_smoothing e the target is 1 - e + e/classes at the class and e/classes elsewhere "
        "(Szegedy "
        "et al. 2016, arXiv:1512.00567). With weights w of the classes each target's loss is multiplied by that of its "
        "class, and the mean is sum(w[y] loss) / sum(w[y]), as in PyTorch: for classes of which there are few "
        "samples.");
    s.also_known_as({"CrossEntropyLoss", "sparse_categorical_crossentropy", "categorical_crossentropy",
                     "SparseCategoricalCrossentropy", "crossentropy"});
    s.optional("label_smoothing", label_smoothing, "share of the target spread over all classes").at_least(0).below(1);
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing; 0 where all have it");
    s.optional("weight", weight,
               "of each class, in the classes' order or by name; balanced: samples / (classes * samples of the class)")
        .at_least(0)
        .known_as({"class_weight", "class_weights", "weights"});
    s.example("cross_entropy");
    s.example("cross_entropy: {label_smoothing: 0.1}");
    s.example("cross_entropy: {ignore_index: -100}");
    s.example("cross_entropy: {weight: [1, 5]}");
    s.example("cross_entropy: {weight: {benign: 1, malignant: 5}}");
    s.example("cross_entropy: {weight: balanced}");
  }

  void learn(const Labels& labels) override { weight.resolve(labels, ignore_index); }

  // prediction f32 [batch, …, classes], target i32 [batch, …] or probabilities f32 [batch, …, classes]
  Value each(const Fields& f) const override {
    if (are_class_probabilities(f.prediction, f.target)) return of_probabilities(f.prediction, f.target);
    expect_class_targets(f.prediction, f.target);
    const Value losses = cross_entropy(f.prediction, f.target, weight.given() ? 0 : label_smoothing);
    return weight.given() ? weighed(losses, f.prediction, f.target) : losses;
  }
  Value weights(const Fields& f) const override {
    if (!weight.given() || are_class_probabilities(f.prediction, f.target)) return {};
    return weight.of_targets(f.prediction, f.target);
  }
  Value of_drawn(Value prediction, Value uniform) const override {
    return -sum(where(drawn_class(prediction, uniform), log_softmax(prediction), 0), {-1});
  }
  Reads reads() const override { return Reads::logits; }
  bool takes_probabilities() const override { return true; }
  std::optional<int64_t> ignored() const override { return ignore_index; }
  Value predicted(Value output) const override { return softmax(output); }

 private:
  Value of_probabilities(Value prediction, Value target) const {
    if (label_smoothing > 0)
      target = (1 - label_smoothing) * target + label_smoothing / static_cast<double>(prediction.shape().last());
    if (weight.given()) target = target * weight.of_classes(*prediction.graph);
    return -sum(target * log_softmax(prediction), {-1});
  }
  // The share of the target that is spread over all classes has each class's own weight.
  Value weighed(Value losses, Value prediction, Value target) const {
    const Value own = weight.of_targets(prediction, target) * losses;
    if (label_smoothing == 0) return own;
    const Value all = -sum(weight.of_classes(*prediction.graph) * log_softmax(prediction), {-1});
    return (1 - label_smoothing) * own + label_smoothing / static_cast<double>(prediction.shape().last()) * all;
  }
};
DL_LOSS(CrossEntropy, "cross_entropy");

}  // namespace
}  // namespace dl
