// Sparsemax (Martins and Astudillo 2016, arXiv:1602.02068): y = max(x - t, 0), with t such that the y of the last axis
// sum to 1. An x is above t where 1 + k x > s, with k and s the number and the sum of those that are at least x; then t
// = (s - 1) / k of all of these.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Sparsemax final : Layer {
  void describe(Schema& s) override {
    s.summary("probabilities along the last axis, many of them 0: x less a threshold");
    s.details(
        "Compares each number of the last axis with each other, so that its work grows with the square of their "
        "number.");
    s.also_known_as({"Sparsemax"});
    s.example("sparsemax");
  }
  Value build(Builder&, Value x) const override {
    const Shape& shape = x.shape();
    std::vector<int64_t> across = shape.sizes(), down = across;
    across.insert(across.end() - 1, 1);
    down.push_back(1);
    const Value each = reshape(x, Shape(std::move(down))), others = reshape(x, Shape(std::move(across)));
    const Value at_least = others >= each;
    const Value k = reshape(sum(at_least, {-1}), shape), s = reshape(sum(at_least * others, {-1}), shape);
    const Value above = 1 + k * x > s;
    return maximum(x - (sum(above * x, {-1}) - 1) / sum(above, {-1}), 0);
  }
};
DL_LAYER(Sparsemax, "sparsemax");

}  // namespace
}  // namespace dl
