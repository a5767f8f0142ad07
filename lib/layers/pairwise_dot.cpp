// Dot products of all pairs of vectors (Naumov et al. 2019, arXiv:1906.00091): of x [n, features] those of x[i] and
// x[j], i > j, row by row
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct PairwiseDot final : Layer {
  void describe(Schema& s) override {
    s.summary("dot products of all pairs of the vectors of a sequence [n, features]");
    s.also_known_as({"dot_interaction", "DotInteraction"});
    s.example("pairwise_dot");
  }
  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    expect_rank(x, 3, "vectors [n, features]");
    const int64_t batch = x.shape()[0], n = x.shape()[1];
    if (n < 2) throw ShapeError("expected at least two vectors, got 1");
    const Value products = batched_matmul(x, x);
    std::vector<Value> rows;  // of the lower triangle
    for (int64_t i = 1; i < n; ++i)
      rows.push_back(reshape(dl::slice(dl::slice(products, 1, i, 1), 2, 0, i), {batch, i}));
    return concatenate(std::move(rows), 1);
  }
};
DL_LAYER(PairwiseDot, "pairwise_dot");

}  // namespace
}  // namespace dl
