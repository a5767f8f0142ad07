// Hard hyperbolic tangent (Collobert 2004): y = x, but for what lies outside [min_val, max_val], which becomes the
// nearer bound
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Hardtanh final : Layer {
  double min_val = -1, max_val = 1;

  void describe(Schema& s) override {
    s.summary("x held between two bounds");
    s.also_known_as({"Hardtanh", "hard_tanh", "clip", "clamp"});
    s.optional("min_val", min_val, "the lower bound").known_as({"min", "min_value"});
    s.optional("max_val", max_val, "the upper bound").known_as({"max", "max_value"});
    s.example("hardtanh");
    s.example("hardtanh: {min_val: 0, max_val: 1.2}");
    s.check([this](const Report& report) {
      if (max_val <= min_val)
        report.at("max_val", concat("expected a number above min_val (", min_val, "), got ", max_val));
    });
  }

  Value build(Builder&, Value x) const override { return minimum(maximum(x, min_val), max_val); }
  void twins(Twins& t) const override { t.pytorch("nn.Hardtanh({min_val}, {max_val})"); }
};
DL_LAYER(Hardtanh, "hardtanh");

}  // namespace
}  // namespace dl
