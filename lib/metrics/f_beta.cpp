// F-beta (van Rijsbergen 1979): (1 + b^2) precision recall / (b^2 precision + recall) =
// (1 + b^2) hits / (b^2 actual + predicted)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct FBeta final : ClassScore {
  double beta = 1;
  void describe_keys(Schema& s) override {
    s.summary("harmonic mean of precision and recall; with beta 1 the F1 score");
    s.also_known_as(
        {"f1", "f1_score", "F1Score", "fbeta", "FBetaScore", "fbeta_score", "dice_score", "dice", "DiceScore"});
    s.optional("beta", beta, "recall counts beta times as much as precision").above(0);
    describe_score(s);
    s.example("f_beta");
    s.example("f_beta: {beta: 2, average: weighted}");
  }
  double score(const ClassCounts& c) const override {
    const double below = beta * beta * c.actual + c.predicted;
    return below > 0 ? (1 + beta * beta) * c.hits / below : 0;
  }
};
DL_METRIC(FBeta, "f_beta");

}  // namespace
}  // namespace dl
