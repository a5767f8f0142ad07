// What add, mul and the other joins of several values, number by number, have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

// Values of which one is repeated along axes where it has size 1, or has no axis: an input of fewer axes has them
// behind the batch, so that [channels] is the same at each place of [height, width, channels]. ShapeError where they do
// not fit.
void bring_together(Value& a, Value& b);

// y = join(join(a, b), c) …
struct MergeLayer : Layer {
  Value build(Builder& b, std::span<const Value> inputs) const final;

 protected:
  virtual Value join(Value a, Value b) const = 0;
  virtual Value finish(Value joined, size_t /*count*/) const { return joined; }
  virtual bool of_two() const { return false; }  // exactly
  void describe_merge(Schema& s);
};

// Inputs of one shape, joined by a sign: "{x} + {x1}", or in Keras by a layer. Others are written as operations.
void twin_of_equal_shapes(Twins& t, const std::string& sign, const std::string& keras_class);

// Two inputs of one rank at least 2 and with one size of their last axis, [batch, …, features].
std::pair<Value, Value> expect_two_of_features(std::span<const Value> inputs);

// Products of the matrices of two batches: a [batch, m, k] and b [batch, n, k] -> a b^T [batch, m, n].
Value batched_matmul(Value a, Value b_transposed);

}  // namespace dl
