// Focal loss of classes (Lin et al. 2017, arXiv:1708.02002): with p = softmax(x)[y] the mean over the targets of
// -(1 - p)^gamma log(p), weighed by the targets' classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Focal final : Loss {
  double gamma = 2;
  std::optional<int64_t> ignore_index;
  ClassWeights weight;

  void describe_keys(Schema& s) override {
    s.summary("cross-entropy in which targets that are nearly right count little; takes values before softmax");
    s.details(
        "Against classes, or probabilities of them, as cross_entropy, which it is with gamma 0. Of one value before a "
        "sigmoid it is 'binary_focal'.");
    s.also_known_as({"focal_loss", "FocalLoss", "CategoricalFocalCrossentropy", "categorical_focal_crossentropy"});
    s.optional("gamma", gamma, "power of 1 - p: how little they count").at_least(0);
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing; 0 where all have it");
    s.optional("weight", weight,
               "of each class, in the classes' order or by name; balanced: samples / (classes * samples of the class)")
        .at_least(0)
        .known_as({"class_weight", "class_weights", "weights", "alpha"});
    s.example("focal");
    s.example("focal: {gamma: 1.5, weight: balanced}");
  }
  void learn(const Labels& labels) override { weight.resolve(labels, ignore_index); }
  Reads reads() const override { return Reads::logits; }
  bool takes_probabilities() const override { return true; }
  std::optional<int64_t> ignored() const override { return ignore_index; }
  Value predicted(Value output) const override { return softmax(output); }

  Value each(const Fields& f) const override {
    const Value y = class_probabilities(f.prediction, f.target), log_p = log_softmax(f.prediction);
    Value terms = y * log_p;
    if (gamma > 0) terms = terms * pow(maximum(1 - exp(log_p), 1e-7), gamma);
    if (weight.given()) terms = terms * weight.of_classes(*f.prediction.graph);
    return -sum(terms, {-1});
  }
  Value weights(const Fields& f) const override {
    if (!weight.given() || are_class_probabilities(f.prediction, f.target)) return {};
    return weight.of_targets(f.prediction, f.target);
  }
};
DL_LOSS(Focal, "focal");

}  // namespace
}  // namespace dl
