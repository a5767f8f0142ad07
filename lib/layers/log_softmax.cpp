// Logarithm of the softmax over the last axis: y = x - log(sum of exp(x))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LogSoftmax final : Layer {
  void describe(Schema& s) override {
    s.summary("logarithm of the softmax along the last axis");
    s.details("cross_entropy takes the values before it: a classifier ends without it.");
    s.also_known_as({"LogSoftmax", "logsoftmax"});
    s.example("log_softmax");
  }
  Value build(Builder&, Value x) const override { return log_softmax(x); }
  Gives gives() const override { return Gives::log_probabilities; }
  void twins(Twins& t) const override {
    t.pytorch("nn.LogSoftmax(-1)").plainly("torch.log_softmax({x}, -1)").last();
    t.keras("layers.Activation(activation:'log_softmax')");
    t.flax_expression("nn.log_softmax({x})");
  }
};
DL_LAYER(LogSoftmax, "log_softmax");

}  // namespace
}  // namespace dl
