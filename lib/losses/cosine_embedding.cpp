// Cosine embedding loss, as PyTorch's CosineEmbeddingLoss: with c the cosine of the angle between two outputs the mean
// over the targets of 1 - c where y = 1, max(0, c - margin) where y = -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct CosineEmbedding final : Loss {
  std::string other;
  double margin = 0;

  void describe_keys(Schema& s) override {
    s.summary("two outputs are to have one direction where the target is 1, and another where it is -1");
    s.details("Targets are classes 0 and 1, or -1 and 1.");
    s.also_known_as({"CosineEmbeddingLoss", "cosine_embedding_loss"});
    s.required("other", other, "the model's item that gives the second vector");
    s.optional("margin", margin, "cosine below which others are far enough apart").at_least(-1).at_most(1);
    s.example("cosine_embedding: {output: left, other: right, margin: 0.2}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {other}; }
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.further[0], "'" + other + "'");
    const Value c = cosine(f.prediction, f.further[0]), of_pairs = as_targets(c, f.target);
    return where(f.target > 0, 1 - of_pairs, maximum(of_pairs - margin, 0));
  }
};
DL_LOSS(CosineEmbedding, "cosine_embedding");

}  // namespace
}  // namespace dl
