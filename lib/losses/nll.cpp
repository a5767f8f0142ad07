// Negative log-likelihood: the mean over the targets of -x[y], weighed by the targets' classes, where x are logarithms
// of probabilities
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct NegativeLogLikelihood final : Loss {
  std::optional<int64_t> ignore_index;
  ClassWeights weight;
  void describe_keys(Schema& s) override {
    s.summary("negative log-likelihood of the class; takes logarithms of probabilities");
    s.details("Behind 'linear', 'cross_entropy' is what is meant: it has the softmax in it.");
    s.also_known_as({"NLLLoss", "nll_loss"});
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing; 0 where all have it");
    s.optional("weight", weight,
               "of each class, in the classes' order or by name; balanced: samples / (classes * samples of the class)")
        .at_least(0)
        .known_as({"class_weight", "class_weights", "weights"});
    s.example("nll");
    s.example("nll: {weight: [1, 5]}");
  }
  void learn(const Labels& labels) override { weight.resolve(labels, ignore_index); }
  Value each(const Fields& f) const override {
    expect_class_targets(f.prediction, f.target);
    const Value losses = -sum(where(hits(f.prediction, f.target), f.prediction, 0), {-1});
    return weight.given() ? losses * weights(f) : losses;
  }
  Value weights(const Fields& f) const override {
    return weight.given() ? weight.of_targets(f.prediction, f.target) : Value{};
  }
  Value of_drawn(Value prediction, Value uniform) const override {
    return -sum(where(drawn_class(prediction, uniform), prediction, 0), {-1});
  }
  Value predicted(Value output) const override { return exp(output); }
  Reads reads() const override { return Reads::log_probabilities; }
  std::optional<int64_t> ignored() const override { return ignore_index; }
};
DL_LOSS(NegativeLogLikelihood, "nll");

}  // namespace
}  // namespace dl
