// Outer product, or sum, of two inputs: y[i, j] = a[i] b[j], or a[i] + b[j]
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Outer final : Layer {
  std::string operation = "mul";

  void describe(Schema& s) override {
    s.summary("each number of one layer with each of another");
    s.also_known_as({"outer_product", "outer_sum"});
    s.optional("operation", operation, "product or sum of the two").one_of({"mul", "add"}).positional();
    s.example("outer");
    s.example("outer: add");
  }

  Value build(Builder&, std::span<const Value> inputs) const override {
    if (inputs.size() != 2) throw ShapeError("expected two inputs", "name them: from: [a, b]");
    for (const Value& x : inputs) expect_rank(x, 2, "one feature axis", "put 'flatten' before it");
    const int64_t batch = inputs[0].shape()[0];
    const Value a = reshape(inputs[0], {batch, -1, 1}), b = reshape(inputs[1], {batch, 1, -1});
    return operation == "add" ? a + b : a * b;
  }
};
DL_LAYER(Outer, "outer");

}  // namespace
}  // namespace dl
