// Softplus (Dugas et al. 2000): y = log(1 + exp(beta x)) / beta, and x where beta x > threshold
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Softplus final : Layer {
  double beta = 1, threshold = 20;

  void describe(Schema& s) override {
    s.summary("smooth rectifier, log(1 + exp(beta x)) / beta");
    s.also_known_as({"Softplus"});
    s.optional("beta", beta, "steepness: the larger, the nearer to relu").above(0);
    s.optional("threshold", threshold, "beta x above which y is x").at_least(0).at_most(80);
    s.example("softplus");
    s.example("softplus: {beta: 2}");
  }

  Value build(Builder&, Value x) const override { return softplus(x, beta, threshold); }
  void twins(Twins& t) const override { t.pytorch("nn.Softplus(beta={beta|1}, threshold={threshold|20})"); }
};
DL_LAYER(Softplus, "softplus");

}  // namespace
}  // namespace dl
