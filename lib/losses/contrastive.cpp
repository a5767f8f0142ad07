// Contrastive loss (Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100): with d the distance of two outputs the
// mean over the targets of d^2 where y = 1, the two are of a kind, and max(0, margin - d)^2 where they are not
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct Contrastive final : Loss {
  std::string other;
  double margin = 1;

  void describe_keys(Schema& s) override {
    s.summary("two outputs are to be near each other where the target is 1, and a margin apart where it is not");
    s.details("Targets are classes 0 and 1, or -1 and 1; 1 where the two are of a kind.");
    s.also_known_as({"ContrastiveLoss", "contrastive_loss"});
    s.required("other", other, "the model's item that gives the second vector");
    s.optional("margin", margin, "distance above which others are far enough apart").above(0);
    s.example("contrastive: {output: left, other: right}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {other}; }
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.further[0], "'" + other + "'");
    const Value d = as_targets(distance(f.prediction, f.further[0]), f.target);
    const Value missing = maximum(margin - d, 0);
    return where(f.target > 0, d * d, missing * missing);
  }
};
DL_LOSS(Contrastive, "contrastive");

}  // namespace
}  // namespace dl
