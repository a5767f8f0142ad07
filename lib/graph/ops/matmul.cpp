// Matrix product.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/matmul.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::string MatMul::attributes() const { return concat(transpose_a ? "t" : "n", transpose_b ? "t" : "n"); }

std::vector<Type> MatMul::infer(std::span<const Type> inputs) const {
  const Shape &a = inputs[0].shape, &b = inputs[1].shape;
  DL_CHECK(inputs[0].dtype == inputs[1].dtype, name_of(inputs[0].dtype), " times ", name_of(inputs[1].dtype));
  const bool matrices = b.rank() == 2 && (a.rank() == 2 || (a.rank() > 2 && !transpose_a));
  if (!matrices || a[transpose_a ? 0 : -1] != b[transpose_b ? 1 : 0]) {
    throw ShapeError(concat("cannot multiply ", a.text(), transpose_a ? " transposed" : "", " by ", b.text(),
                            transpose_b ? " transposed" : ""));
  }
  Shape product = transpose_a ? Shape{a[1], a[0]} : a;
  product[-1] = b[transpose_b ? 0 : 1];
  return {Type{DType::f32, std::move(product)}};
}

std::vector<Value> MatMul::gradient(const Backward& back) const {
  const Value a = back.inputs[0], b = back.inputs[1], dy = back.gradients[0];
  // y = op(a) op(b): d op(a) = dy op(b)^T, d op(b) = op(a)^T dy; a transposed operand transposes its gradient.
  const Value da = transpose_a ? matmul(b, dy, transpose_b, true) : matmul(dy, b, false, !transpose_b);
  const Value a_rows = reshape(a, {-1, a.shape().last()}), dy_rows = reshape(dy, {-1, dy.shape().last()});
  const Value db =
      transpose_b ? matmul(dy_rows, a_rows, true, transpose_a) : matmul(a_rows, dy_rows, !transpose_a, false);
  return {da, db};
}

Cost MatMul::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const int64_t k = inputs[0].shape[transpose_a ? 0 : -1];
  cost.flops = 2.0 * static_cast<double>(outputs[0].shape.elements()) * static_cast<double>(k);
  return cost;
}

namespace {

Value float_of(Value x) { return x.type().dtype == DType::bf16 ? x : as_f32(x); }

}  // namespace

Value matmul(Value a, Value b, bool transpose_a, bool transpose_b) {
  return a.graph->add_one(std::make_shared<MatMul>(transpose_a, transpose_b), {float_of(a), float_of(b)});
}

}  // namespace dl
