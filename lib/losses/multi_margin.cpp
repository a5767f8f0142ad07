// Multi-class margin loss (Crammer and Singer 2001), as PyTorch's MultiMarginLoss: the mean over the targets of
// w[y] sum over the other classes of max(0, margin - x[y] + x[j])^p / classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct MultiMargin final : Loss {
  int64_t p = 1;
  double margin = 1;
  ClassWeights weight;

  void describe_keys(Schema& s) override {
    s.summary("hinge loss of several classes: 0 where the right one is ahead of all others by the margin");
    s.details("The mean is over all targets alike, whatever the weights, as in PyTorch.");
    s.also_known_as({"MultiMarginLoss", "multi_margin_loss", "categorical_hinge", "CategoricalHinge"});
    s.optional("p", p, "power of what is missing: 1 or 2").at_least(1).at_most(2);
    s.optional("margin", margin, "by how much it is to be ahead").above(0);
    s.optional("weight", weight,
               "of each class, in the classes' order or by name; balanced: samples / (classes * samples of the class)")
        .at_least(0)
        .known_as({"class_weight", "class_weights", "weights"});
    s.example("multi_margin");
    s.example("multi_margin: {p: 2, margin: 0.5}");
  }
  void learn(const Labels& labels) override { weight.resolve(labels, {}); }
  Reads reads() const override { return Reads::logits; }
  Value each(const Fields& f) const override {
    const Value& x = f.prediction;
    expect_class_targets(x, f.target);
    const Value own = hits(x, f.target), missing = maximum(margin - sum(where(own, x, 0), {-1}) + x, 0) * (1 - own);
    const Value losses = mean(p == 1 ? missing : missing * missing, {-1});
    return weight.given() ? losses * weight.of_targets(x, f.target) : losses;
  }
};
DL_LOSS(MultiMargin, "multi_margin");

}  // namespace
}  // namespace dl
