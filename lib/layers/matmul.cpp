// Products of the matrices of two inputs: y = a b, of each sample
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct MatmulLayer final : Layer {
  bool transpose_a = false, transpose_b = false;

  void describe(Schema& s) override {
    s.summary("product of the matrices of two layers");
    s.also_known_as({"bmm", "batch_matmul", "MatMul"});
    s.optional("transpose_a", transpose_a, "whether rows and columns of the first change places");
    s.optional("transpose_b", transpose_b, "whether those of the second do");
    s.example("matmul: {transpose_b: true}");
    s.example("matmul: {transpose_a: true}");
  }

  Value build(Builder& builder, std::span<const Value> inputs) const override {
    refuse_decoding(builder, name);
    if (inputs.size() != 2)
      throw ShapeError(concat("expected two inputs, got ", inputs.size() == 1 ? "one" : std::to_string(inputs.size())),
                       "name them: from: [a, b]");
    for (const Value& x : inputs) expect_rank(x, 3, "a matrix [rows, columns]");
    const Value a = transpose_a ? transpose(inputs[0], {0, 2, 1}) : inputs[0];
    const Value b = transpose_b ? inputs[1] : transpose(inputs[1], {0, 2, 1});
    if (a.shape()[2] != b.shape()[2]) {
      throw ShapeError(
          concat("cannot multiply ", inputs[0].shape().without_batch().text(), transpose_a ? " transposed" : "", " by ",
                 inputs[1].shape().without_batch().text(), transpose_b ? " transposed" : ""),
          "set transpose_a or transpose_b, so that the columns of the first are as many as the rows of the second");
    }
    return batched_matmul(a, b);
  }
};
DL_LAYER(MatmulLayer, "matmul");

}  // namespace
}  // namespace dl
