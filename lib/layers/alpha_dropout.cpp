// Alpha dropout (Klambauer et al. 2017, arXiv:1706.02515): while training each element is -alpha scale of selu with
// probability p; then scaled and shifted, so that mean 0 and variance 1 stay
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct AlphaDropout final : Layer {
  double p = 0.5;

  void describe(Schema& s) override {
    s.summary("dropout that keeps mean 0 and variance 1, for selu");
    s.also_known_as({"AlphaDropout"});
    s.optional("p", p, "probability of an element to be dropped").at_least(0).below(1).positional().known_as({"rate"});
    s.example("alpha_dropout: 0.1");
  }

  Value build(Builder& b, Value x) const override {
    return b.training() && p > 0 ? alpha_dropped(b, x, p, x.shape()) : x;
  }
  void twins(Twins& t) const override { t.pytorch("nn.AlphaDropout({p})"); }
};
DL_LAYER(AlphaDropout, "alpha_dropout");

}  // namespace
}  // namespace dl
