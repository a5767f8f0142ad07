// Gated linear unit with relu (Shazeer 2020, arXiv:2002.05202): y = a relu(b), a and b the halves of the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/gated_layer.h"

namespace dl {
namespace {

struct Reglu final : GatedLayer {
  void describe(Schema& s) override {
    s.summary("first half of the features times the relu of the second");
    describe_gated(s);
    s.also_known_as({"ReGLU"});
    s.example("reglu");
  }
  Value gate(Value x) const override { return maximum(x, 0); }
};
DL_LAYER(Reglu, "reglu");

}  // namespace
}  // namespace dl
