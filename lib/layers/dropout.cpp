// Dropout (Srivastava et al. 2014): while training each element is 0 with probability p, else divided by 1 - p
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Dropout final : Layer {
  double p = 0.5;

  void describe(Schema& s) override {
    s.summary("sets elements to 0 at random while training");
    s.also_known_as({"Dropout"});
    s.optional("p", p, "probability of an element to become 0").at_least(0).below(1).positional().known_as({"rate"});
    s.instead_of("noise_shape", "write 'dropout1d' or 'dropout2d', which drop whole channels");
    s.example("dropout: 0.25");
  }

  Value build(Builder& b, Value x) const override { return dropped(b, x, p, x.shape()); }
  void twins(Twins& t) const override {
    t.pytorch("nn.Dropout({p})");
    t.keras("layers.Dropout(rate:{p})");
    t.flax("nn.Dropout({p}, deterministic=not train)");
  }
};
DL_LAYER(Dropout, "dropout");

}  // namespace
}  // namespace dl
