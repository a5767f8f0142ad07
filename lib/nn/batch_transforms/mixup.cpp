// Mixup (Zhang et al. 2018, arXiv:1710.09412): s x_i + (1 - s) x_j and s y_i + (1 - s) y_j with one share
// s ~ Beta(alpha, alpha) a batch, or 1 - s where that is larger, where j is the sample behind i in the shuffled batch
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/batch_transform.h"

namespace dl {
namespace {

struct Mixup final : BatchTransform {
  double alpha = 0.2, probability = 1;

  void describe(Schema& s) override {
    s.summary("mixes each sample, and its target, with another of the batch");
    s.details(
        "Classes become probabilities; the metrics of a training step are those of the sample with the larger share. "
        "Weights of samples are mixed as targets are.");
    s.also_known_as({"MixUp", "mix_up"});
    s.optional("alpha", alpha, "of the Beta distribution of the share: near 0 samples stay nearly as they are")
        .above(0)
        .positional();
    s.optional("probability", probability, "that a batch is mixed").above(0).at_most(1).known_as({"p", "prob"});
    s.example("mixup");
    s.example("mixup: {alpha: 0.4, probability: 0.5}");
  }

  void build(BatchFields& fields, const Drawn& drawn) const override {
    const Value share = drawn(1, [alpha = alpha, probability = probability](BatchRandom& random) {
      if (random.uniform() >= probability) return std::vector<double>{1.0};
      const double drawn_share = random.beta(alpha, alpha);
      return std::vector<double>{std::max(drawn_share, 1 - drawn_share)};  // every sample is one's successor, too
    })[0];
    for (auto& [name, value] : fields.inputs) {
      expect_numbers(name, value);
      value = mixed_with_successors(value, share);
    }
    for (auto& [name, value] : fields.targets) value = mixed_with_successors(value, share);
  }
};
DL_BATCH_TRANSFORM(Mixup, "mixup");

}  // namespace
}  // namespace dl
