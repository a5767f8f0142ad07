// Hinge embedding loss, as PyTorch's HingeEmbeddingLoss: the mean over the targets of x where y = 1, max(0, margin - x)
// where y = -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct HingeEmbedding final : Loss {
  double margin = 1;

  void describe_keys(Schema& s) override {
    s.summary("a distance is to be small where the target is 1, and above a margin where it is -1");
    s.details("Targets are classes 0 and 1, or -1 and 1.");
    s.also_known_as({"HingeEmbeddingLoss", "hinge_embedding_loss"});
    s.optional("margin", margin, "distance above which it is enough");
    s.example("hinge_embedding: {margin: 2}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  Value each(const Fields& f) const override {
    const Value x = as_predicted_shape(f.prediction, f.target);
    return where(f.target > 0, x, maximum(margin - x, 0));
  }
};
DL_LOSS(HingeEmbedding, "hinge_embedding");

}  // namespace
}  // namespace dl
