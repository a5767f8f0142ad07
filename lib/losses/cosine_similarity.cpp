// Cosine similarity as a loss: the mean over the targets of 1 - x'y / (|x| |y|), of vectors along the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct CosineSimilarityLoss final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("predicted vectors are to have the direction of the targets'");
    s.details("Keras' is this minus 1.");
    s.also_known_as({"CosineSimilarity", "cosine_loss", "cosine_proximity", "cosine_distance"});
    s.example("cosine_similarity");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.target, "the targets");
    return 1 - cosine(f.prediction, f.target);
  }
};
DL_LOSS(CosineSimilarityLoss, "cosine_similarity");

}  // namespace
}  // namespace dl
