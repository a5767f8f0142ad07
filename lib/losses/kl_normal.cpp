// Kullback-Leibler divergence of a normal distribution from the standard one (Kingma and Welling 2014,
// arXiv:1312.6114): the mean over the samples of sum (exp(v) + m^2 - 1 - v) / 2, m the mean and v the logarithm of the
// variance
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct KlNormal final : Loss {
  std::string logvar;

  void describe_keys(Schema& s) override {
    s.summary(
        "how far the normal distribution that the model gives is from the standard one: of a variational autoencoder");
    s.details(
        "There is no target. Beside the loss of the reconstruction, which is a mean over its elements: give this a "
        "'weight' of 1 over their number, or less.");
    s.also_known_as({"kl_divergence_normal", "kl_loss"});
    s.required("logvar", logvar, "the model's item that gives the logarithm of the variance")
        .known_as({"log_var"})
        .help("write 'kl_normal: {output: mean, logvar: logvar}', two items of the model by their 'name'");
    s.instead_of("mean", "write 'output', the item that gives it");
    s.example("kl_normal: {output: mean, logvar: logvar}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_target() const override { return false; }
  std::vector<std::string> further_outputs() const override { return {logvar}; }
  // f32 [batch]
  Value each(const Fields& f) const override {
    const Value m = f.prediction, v = f.further[0];
    if (m.shape() != v.shape())
      throw ShapeError(concat("expected as many logarithms of variances as means, got ",
                              v.shape().without_batch().text(), " and ", m.shape().without_batch().text()),
                       "let both end with 'linear: N' of one N");
    const int64_t batch = m.shape()[0];
    return reshape(0.5 * sum(reshape(exp(v) + m * m - 1 - v, {batch, -1}), {-1}), {batch});
  }
};
DL_LOSS(KlNormal, "kl_normal");

}  // namespace
}  // namespace dl
