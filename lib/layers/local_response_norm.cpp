// Local response normalization (Krizhevsky et al. 2012): y = x / (k + alpha / size sum of x^2)^beta, the sum over
// `size` neighbouring channels
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LocalResponseNorm final : Layer {
  int64_t size = 5;
  double alpha = 1e-4, beta = 0.75, k = 1;

  void describe(Schema& s) override {
    s.summary("each channel divided by a power of the mean square of the channels around it");
    s.also_known_as({"LocalResponseNorm", "lrn", "LRN"});
    s.required("size", size, "channels around each").at_least(1).at_most(1 << 20).positional();
    s.optional("alpha", alpha, "factor on the mean square").at_least(0);
    s.optional("beta", beta, "the power");
    s.optional("k", k, "added to it").above(0);
    s.example("local_response_norm: 5");
    s.example("local_response_norm: {size: 2, alpha: 0.5}");
  }

  Value build(Builder&, Value x) const override {
    // The channels as the length of a sequence.
    const Value squares = reshape(x * x, {-1, x.shape().last(), 1});
    const Window window{
        .rank = 1, .size = {size, 1, 1}, .pad_before = {size / 2, 0, 0}, .pad_after = {(size - 1) / 2, 0, 0}};
    return x * pow(alpha * reshape(avg_pool(squares, window), x.shape()) + k, -beta);
  }
};
DL_LAYER(LocalResponseNorm, "local_response_norm");

}  // namespace
}  // namespace dl
