// Margin ranking loss, as PyTorch's MarginRankingLoss: the mean over the targets of max(0, -y (a - b) + margin), of two
// outputs a and b and y = 1 where the first is to be larger, else -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MarginRanking final : Loss {
  std::string other;
  double margin = 0;

  void describe_keys(Schema& s) override {
    s.summary("of two outputs the first is to be the larger where the target is 1, the second where it is -1");
    s.details("Targets are classes 0 and 1, or -1 and 1; or 'target: 1' for all.");
    s.also_known_as({"MarginRankingLoss", "margin_ranking_loss", "pairwise_hinge"});
    s.required("other", other, "the model's item that gives the second value");
    s.optional("margin", margin, "by how much it is to be larger").at_least(0);
    s.example("margin_ranking: {output: left, other: right, margin: 0.5}");
    s.example("margin_ranking: {output: clicked, other: passed, target: 1, margin: 1}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {other}; }
  Value each(const Fields& f) const override {
    const Value a = as_predicted_shape(f.prediction, f.target), b = as_predicted_shape(f.further[0], f.target);
    return maximum(margin - as_signs(f.target) * (a - b), 0);
  }
};
DL_LOSS(MarginRanking, "margin_ranking");

}  // namespace
}  // namespace dl
