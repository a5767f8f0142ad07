// Normalized temperature-scaled cross-entropy (Chen et al. 2020, arXiv:2002.05709): of two views a and b of each
// sample, with s the cosines of all 2 batch vectors over the temperature, the mean over the vectors of -log softmax(s
// of all others)[its own other view]
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/vectors.h"

namespace dl {
namespace {

struct NtXent final : Loss {
  std::string other;
  double temperature = 0.5;

  void describe_keys(Schema& s) override {
    s.summary("two views of a sample are to be nearer to each other than to all others of the batch: SimCLR");
    s.details("There is no target. The batch is what a view is told apart from: make it large.");
    s.also_known_as({"NTXentLoss", "ntxent", "simclr", "NT_Xent"});
    s.required("other", other, "the model's item that gives the second view's vectors");
    s.optional("temperature", temperature, "the cosines are divided by it").above(0);
    s.example("nt_xent: {output: first, other: second, temperature: 0.1}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_target() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {other}; }
  // f32 [batch]
  Value each(const Fields& f) const override {
    expect_same_vectors(f.prediction, f.further[0], "'" + other + "'");
    const int64_t batch = f.prediction.shape()[0];
    const Value a = reshape(f.prediction, {batch, -1}), b = reshape(f.further[0], {batch, -1});
    const Value z = unit_length(concatenate({a, b}, 0)), index = iota(*z.graph, 2 * batch);
    const Value own = reshape(index, {2 * batch, 1}), apart = abs(own - index);
    const Value s = where(equal(apart, 0), -1e30, matmul(z, z, false, true) * (1 / temperature));
    const Value losses = -sum(where(equal(apart, batch), log_softmax(s), 0), {-1});
    return reshape(mean(reshape(losses, {2, batch}), {0}), {batch});
  }
};
DL_LOSS(NtXent, "nt_xent");

}  // namespace
}  // namespace dl
