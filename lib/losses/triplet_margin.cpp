// Triplet margin loss (Balntas et al. 2016), as PyTorch's TripletMarginLoss: with d the distance of the p-norm the mean
// over the samples of max(0, d(anchor, positive) - d(anchor, negative) + margin); with swap the nearer of d(anchor,
// negative) and d(positive, negative)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct TripletMargin final : Loss {
  std::string positive, negative;
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;

  void describe_keys(Schema& s) override {
    s.summary("of three outputs the second is to be nearer to the first than the third, by a margin");
    s.details("There is no target. Of one output and classes, 'triplet' finds the triplets within each batch.");
    s.also_known_as({"TripletMarginLoss", "triplet_margin_loss"});
    s.required("positive", positive, "the model's item that gives the vectors that are to be near");
    s.required("negative", negative, "the model's item that gives those that are to be far");
    s.optional("margin", margin, "by how much it is to be nearer").above(0);
    s.optional("p", p, "of the norm").at_least(1);
    s.optional("eps", eps, "added to each difference").above(0);
    s.optional("swap", swap, "whether the negative is to be far from the positive too");
    s.example("triplet_margin: {output: anchor, positive: positive, negative: negative}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_target() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {positive, negative}; }
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.further[0], "'" + positive + "'");
    expect_same_vectors(f.prediction, f.further[1], "'" + negative + "'");
    Value apart = distance(f.prediction, f.further[1], p, eps);
    if (swap) apart = minimum(apart, distance(f.further[0], f.further[1], p, eps));
    return maximum(distance(f.prediction, f.further[0], p, eps) - apart + margin, 0);
  }
};
DL_LOSS(TripletMargin, "triplet_margin");

}  // namespace
}  // namespace dl
