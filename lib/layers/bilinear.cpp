// Bilinear map of two inputs: y[o] = a^T W[o] b + bias[o]
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Bilinear final : Layer {
  int64_t out_features = 0;
  bool bias = true;
  std::shared_ptr<const Initializer> init, bias_init;

  void describe(Schema& s) override {
    s.summary("bilinear map of two layers: y = a^T W b + bias");
    s.details(
        "Parameters: weight [out_features, features of the first, features of the second], bias [out_features]. "
        "Without initializers both are uniform in [-1/sqrt(n), 1/sqrt(n)) with n the features of the first, as in "
        "PyTorch.");
    s.also_known_as({"Bilinear"});
    s.required("out_features", out_features, "number of outputs").at_least(1).positional().known_as({"units"});
    s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
    s.optional("init", init, "initializer of the weight").known_as({"kernel_initializer"});
    s.optional("bias_init", bias_init, "initializer of the bias").known_as({"bias_initializer"});
    s.example("bilinear: 3");
  }

  Value build(Builder& builder, std::span<const Value> inputs) const override {
    if (inputs.size() != 2)
      throw ShapeError(concat("expected two inputs, got ", inputs.size() == 1 ? "one" : std::to_string(inputs.size())),
                       "name them: from: [a, b]");
    for (const Value& x : inputs) expect_rank(x, 2, "one feature axis", "put 'flatten' before it");
    const int64_t batch = inputs[0].shape()[0], m = inputs[0].shape()[1], n = inputs[1].shape()[1];
    const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(m)));
    const Value weight = builder.parameter("weight", {out_features, m, n}, init ? init : pytorch);
    // [m, out n]: what each number of the first gives to each product with one of the second.
    const Value by_first = reshape(transpose(weight, {1, 0, 2}), {m, -1});
    const Value products =
        reshape(matmul(inputs[0], by_first), {batch, out_features, n}) * reshape(inputs[1], {batch, 1, n});
    const Value y = reshape(sum(products, {-1}), {batch, out_features});
    return bias ? y + builder.parameter("bias", {out_features}, bias_init ? bias_init : pytorch) : y;
  }
  DoubtList doubts(Value) const override { return doubt_idle_bias_init(bias, bias_init); }
};
DL_LAYER(Bilinear, "bilinear");

}  // namespace
}  // namespace dl
