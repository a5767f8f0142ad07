// Alpha dropout of whole channels (Klambauer et al. 2017, arXiv:1706.02515; Tompson et al. 2014, arXiv:1411.4280)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct FeatureAlphaDropout final : Layer {
  double p = 0.5;

  void describe(Schema& s) override {
    s.summary("alpha_dropout of whole channels");
    s.also_known_as({"FeatureAlphaDropout"});
    s.optional("p", p, "probability of a channel to be dropped").at_least(0).below(1).positional().known_as({"rate"});
    s.example("feature_alpha_dropout: 0.1");
  }

  Value build(Builder& b, Value x) const override {
    return b.training() && p > 0 ? alpha_dropped(b, x, p, whole_channels(x)) : x;
  }
};
DL_LAYER(FeatureAlphaDropout, "feature_alpha_dropout");

}  // namespace
}  // namespace dl
