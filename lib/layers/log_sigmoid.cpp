// Logarithm of the sigmoid: y = log(1 / (1 + exp(-x)))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LogSigmoid final : Layer {
  void describe(Schema& s) override {
    s.summary("logarithm of the sigmoid");
    s.details("bce_with_logits takes the values before it: a classifier ends without it.");
    s.also_known_as({"LogSigmoid", "logsigmoid"});
    s.example("log_sigmoid");
  }
  Value build(Builder&, Value x) const override { return -softplus(-x); }
  void twins(Twins& t) const override {
    t.pytorch("nn.LogSigmoid()").plainly("F.logsigmoid({x})");
    t.flax_expression("nn.log_sigmoid({x})");
  }
};
DL_LAYER(LogSigmoid, "log_sigmoid");

}  // namespace
}  // namespace dl
