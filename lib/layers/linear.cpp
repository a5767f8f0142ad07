// Linear (fully connected): y = x W^T + b along the last axis, W [out_features, in_features]
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/normed_weight.h"

namespace dl {
namespace {

struct Linear final : Layer {
  int64_t out_features = 0;
  bool bias = true, per_place = false;
  std::shared_ptr<const Initializer> init, bias_init;
  NormedWeight norms;

  void describe(Schema& s) override {
    s.summary("linear map of the features: y = x W^T + b");
    s.details(
        "Of a sequence [length, features] each position is mapped. Parameters: weight "
        "[out_features, in_features], "
        "bias [out_features]. Without initializers both are uniform in "
        "[-1/sqrt(in_features), 1/sqrt(in_features)), as in PyTorch.");
    s.also_known_as({"dense", "Dense", "fc", "fully_connected", "Linear"});
    s.required("out_features", out_features, "number of outputs")
        .at_least(1)
        .positional()
        .known_as({"units", "features", "num_output"})
        .instead_of_values({"num_classes", "n_classes", "classes", "auto", "-1"}, "write ${data.classes}");
    s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
    s.optional("init", init, "initializer of the weight").known_as({"kernel_initializer", "weight_init"});
    s.optional("bias_init", bias_init, "initializer of the bias").known_as({"bias_initializer"});
    s.optional("per_place", per_place, "whether each place of an image or a volume is mapped by itself");
    norms.describe(s);
    s.instead_of("in_features", "leave it out: input sizes are inferred");
    s.instead_of("activation", "write the activation as a layer of its own behind it: '- relu'");
    s.example("linear: 128");
    s.example("linear: {out_features: 10, init: xavier_uniform, bias_init: {constant: 0}}");
  }

  Value build(Builder& b, Value x) const override {
    if (x.shape().rank() != 3 && !(per_place && x.shape().rank() > 3)) {
      expect_rank(x, 2, "one feature axis",
                  x.shape().rank() > 2 ? "put 'flatten' before it, or set per_place: true to map each place by itself"
                  : x.type().dtype == DType::i32 ? "put 'embedding' before it, which makes a vector of each number"
                                                 : "put 'unsqueeze: 1' before it");
    }
    const int64_t in_features = x.shape().last();
    const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(in_features)));
    Value y = matmul(x, norms.make(b, {out_features, in_features}, init ? init : pytorch), false, true);
    if (bias) y = y + b.parameter("bias", {out_features}, bias_init ? bias_init : pytorch);
    return y;
  }
  DoubtList doubts(Value) const override { return doubt_idle_bias_init(bias, bias_init); }
  void twins(Twins& t) const override {
    if (norms.weight_norm || norms.spectral_norm) return;
    t.pytorch("nn.Linear({in}, {out_features}, bias={bias|True})").last();
    Twin& keras =
        t.keras("layers.Dense(units:{out_features}, use_bias={bias|True})").tensor("weight", "kernel", "oi -> io");
    if (bias) keras.tensor("bias", "bias");
    Twin& flax = t.flax("nn.Dense({out_features}, use_bias={bias|True})").tensor("weight", "kernel", "oi -> io");
    if (bias) flax.tensor("bias", "bias");
  }
};
DL_LAYER(Linear, "linear");

}  // namespace
}  // namespace dl
