// Gated linear unit with silu (Shazeer 2020, arXiv:2002.05202): y = a silu(b), a and b the halves of the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/gated_layer.h"

namespace dl {
namespace {

struct Swiglu final : GatedLayer {
  void describe(Schema& s) override {
    s.summary("first half of the features times the silu of the second");
    describe_gated(s);
    s.also_known_as({"SwiGLU"});
    s.example("swiglu");
  }
  Value gate(Value x) const override { return x * sigmoid(x); }
};
DL_LAYER(Swiglu, "swiglu");

}  // namespace
}  // namespace dl
