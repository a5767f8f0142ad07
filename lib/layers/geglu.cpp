// Gated linear unit with gelu (Shazeer 2020, arXiv:2002.05202): y = a gelu(b), a and b the halves of the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/gated_layer.h"

namespace dl {
namespace {

struct Geglu final : GatedLayer {
  void describe(Schema& s) override {
    s.summary("first half of the features times the gelu of the second");
    describe_gated(s);
    s.also_known_as({"GEGLU"});
    s.example("geglu");
  }
  Value gate(Value x) const override { return map(Function::gelu, x); }
};
DL_LAYER(Geglu, "geglu");

}  // namespace
}  // namespace dl
