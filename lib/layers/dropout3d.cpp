// Dropout of whole channels (Tompson et al. 2014, arXiv:1411.4280): while training each channel of a sample is 0 with
// probability p, else divided by 1 - p
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Dropout3d final : Layer {
  double p = 0.5;

  void describe(Schema& s) override {
    s.summary("sets whole channels of a volume [depth, height, width, channels] to 0 at random while training");
    s.also_known_as({"Dropout3d", "SpatialDropout3D", "spatial_dropout3d"});
    s.optional("p", p, "probability of a channel to become 0").at_least(0).below(1).positional().known_as({"rate"});
    s.example("dropout3d: 0.25");
  }

  Value build(Builder& b, Value x) const override {
    expect_spatial(x, 3);
    return dropped(b, x, p, whole_channels(x));
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.Dropout3d({p})").first();
    t.flax("nn.Dropout({p}, broadcast_dims=(1, 2, 3), deterministic=not train)");
  }
};
DL_LAYER(Dropout3d, "dropout3d");

}  // namespace
}  // namespace dl
