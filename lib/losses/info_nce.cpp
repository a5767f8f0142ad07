// InfoNCE (van den Oord, Li and Vinyals 2018, arXiv:1807.03748) as CLIP has it (Radford et al. 2021, arXiv:2103.00020):
// with s the cosines of the vectors of two outputs over the temperature, the mean over the samples i of
// -(log softmax(s[i, :])[i] + log softmax(s[:, i])[i]) / 2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct InfoNce final : Loss {
  std::string other;
  double temperature = 0.07;

  void describe_keys(Schema& s) override {
    s.summary("two outputs of a sample are to find each other among those of the batch: CLIP");
    s.details("There is no target.");
    s.also_known_as({"InfoNCE", "clip", "clip_loss", "CLIPLoss", "MultipleNegativesRankingLoss"});
    s.required("other", other, "the model's item that gives the second vectors");
    s.optional("temperature", temperature, "the cosines are divided by it").above(0);
    s.example("info_nce: {output: image, other: text}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_target() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {other}; }
  // f32 [batch, 1]
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.further[0], "'" + other + "'");
    const int64_t batch = f.prediction.shape()[0];
    const Value a = unit_length(reshape(f.prediction, {batch, -1})),
                b = unit_length(reshape(f.further[0], {batch, -1}));
    const Value s = matmul(a, b, false, true) * (1 / temperature), index = iota(*s.graph, batch);
    const Value both = log_softmax(s) + log_softmax(transpose(s, {1, 0}));
    return -0.5 * sum(both * equal(reshape(index, {batch, 1}), index), {-1});
  }
};
DL_LOSS(InfoNce, "info_nce");

}  // namespace
}  // namespace dl
