// Joins.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/merge_layer.h"

#include "lib/base/error.h"
#include "lib/graph/sizes.h"

namespace dl {

namespace {

Value with_rank(Value x, int rank) {
  if (x.shape().rank() >= rank) return x;
  std::vector<int64_t> sizes = x.shape().sizes();
  sizes.insert(sizes.begin() + 1, static_cast<size_t>(rank - x.shape().rank()), 1);
  return reshape(x, Shape(std::move(sizes)));
}

}  // namespace

void bring_together(Value& a, Value& b) {
  const Value longer = with_rank(a, b.shape().rank()), other = with_rank(b, a.shape().rank());
  for (int axis = 1; axis < longer.shape().rank(); ++axis) {
    const int64_t m = longer.shape()[axis], n = other.shape()[axis];
    if (m == n || m == 1 || n == 1) continue;
    throw ShapeError(concat("expected inputs of one shape, got ", a.shape().without_batch().text(), " and ",
                            b.shape().without_batch().text()),
                     "bring the branches to one shape, for instance with a conv2d of kernel_size 1");
  }
  a = longer;
  b = other;
}

void MergeLayer::describe_merge(Schema& s) {
  s.details(
      "Where an input has size 1 along an axis, or fewer axes, it is repeated: [channels] is the same at each place of "
      "an "
      "image [height, width, channels].");
}

Value MergeLayer::build(Builder&, std::span<const Value> inputs) const {
  if (inputs.size() < 2) throw ShapeError("expected at least two inputs, got one", "name them: from: [conv2, x]");
  if (of_two() && inputs.size() > 2) throw ShapeError(concat("expected two inputs, got ", inputs.size()));
  Value joined = inputs[0];
  for (Value x : inputs.subspan(1)) {
    bring_together(joined, x);
    joined = join(joined, x);
  }
  return finish(joined, inputs.size());
}

void twin_of_equal_shapes(Twins& t, const std::string& sign, const std::string& keras_class) {
  std::string text = "{x}", list = "{x}";
  for (size_t i = 1; i < t.inputs.size(); ++i) {
    if (t.inputs[i] != t.inputs[0]) return;
    text += concat(sign, "{x", i, "}");
    list += concat(", {x", i, "}");
  }
  t.pytorch_expression(text);
  t.keras("layers." + keras_class + "()").called("{self}([" + list + "])");
  t.flax_expression(text);
}

std::pair<Value, Value> expect_two_of_features(std::span<const Value> inputs) {
  if (inputs.size() != 2) {
    throw ShapeError(concat("expected two inputs, got ", inputs.size() == 1 ? "one" : std::to_string(inputs.size())),
                     "name them: from: [a, b]");
  }
  Value a = inputs[0], b = inputs[1];
  if (a.shape().last() != b.shape().last()) {
    throw ShapeError(concat("expected inputs of as many features, got ", a.shape().without_batch().text(), " and ",
                            b.shape().without_batch().text()),
                     "bring the second to the features of the first with 'linear'");
  }
  bring_together(a, b);
  return {a, b};
}

// The samples are the groups of a convolution with a kernel of one place, over one sample whose length are the rows.
Value batched_matmul(Value a, Value b) {
  const int64_t batch = a.shape()[0], m = a.shape()[1], k = a.shape()[2], n = b.shape()[1];
  const Value rows = reshape(transpose(a, {1, 0, 2}), {1, m, times(batch, k)});
  const Value y = convolution(rows, reshape(b, {times(batch, n), k, 1}), Window{.rank = 1}, batch);
  return transpose(reshape(y, {m, batch, n}), {1, 0, 2});
}

}  // namespace dl
