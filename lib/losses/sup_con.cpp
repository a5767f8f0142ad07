// Supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362, L_out): of each sample i, with s the cosines to
// all others of the batch over the temperature, the mean over the others p of its class of -log softmax(s)[p]; samples
// without another of their class do not count
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct SupCon final : Loss {
  double temperature = 0.1;

  void describe_keys(Schema& s) override {
    s.summary("samples of a class are to be nearer to each other than to all others of the batch");
    s.details(
        "Takes one vector a sample, against classes; its length does not matter. The batch is what a sample is told "
        "apart from: make it large, and let it hold several samples of a class.");
    s.also_known_as({"SupConLoss", "supcon", "supervised_contrastive", "supervised_contrastive_loss"});
    s.optional("temperature", temperature, "the cosines are divided by it").above(0);
    s.example("sup_con: {temperature: 0.07}");
  }
  Reads reads() const override { return Reads::numbers; }

  // f32 [batch]
  Value each(const Fields& f) const override {
    const Value same = pairs_by_class(f.prediction, f.target).same, z = unit_length(f.prediction);
    const int64_t batch = f.target.shape()[0];
    const Value index = iota(*z.graph, batch), own = equal(reshape(index, {batch, 1}), index);
    const Value s = where(own, -1e30, matmul(z, z, false, true) * (1 / temperature));
    return reshape(-sum(same * log_softmax(s), {-1}) / maximum(sum(same, {-1}), 1), {batch});
  }
  Value weights(const Fields& f) const override {
    return reshape(max(pairs_by_class(f.prediction, f.target).same, {-1}), {f.target.shape()[0]});
  }
};
DL_LOSS(SupCon, "sup_con");

}  // namespace
}  // namespace dl
