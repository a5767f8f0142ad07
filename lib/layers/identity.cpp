// Identity: y = x
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Identity final : Layer {
  void describe(Schema& s) override {
    s.summary("gives what it is given");
    s.details("Gives a place of the network a name, as in 'from: [x, lengths]' of a block.");
    s.also_known_as({"Identity", "noop", "pass_through"});
    s.example("identity");
  }
  Value build(Builder&, Value x) const override { return x; }
  void twins(Twins& t) const override {
    t.pytorch("nn.Identity()").plainly("{x}");
    t.keras("layers.Identity()");
    t.flax_expression("{x}");
  }
};
DL_LAYER(Identity, "identity");

}  // namespace
}  // namespace dl
