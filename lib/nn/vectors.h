// What losses and metrics of vectors share: angles and distances along the last axis, which stays with size 1.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// a' b / (|a| |b|), as PyTorch's CosineEmbeddingLoss has it: 1e-12 is added to each square.
Value cosine(Value a, Value b);

// (sum |a - b + eps|^p)^(1 / p), as PyTorch's pairwise_distance.
Value distance(Value a, Value b, double p = 2, double eps = 1e-6);

// x / |x|, as PyTorch's normalize.
Value unit_length(Value x);

// Throws ShapeError where the two, of which the second is called so, are not vectors of one shape.
void expect_same_vectors(Value a, Value b, const std::string& second);

// Of a batch's samples, whose classes are i32 [batch], each beside each, [batch, batch]: whether two are others of the
// same class, and whether they are of different ones. ShapeError where there is not one vector a sample.
struct PairsByClass {
  Value same, others;
};
PairsByClass pairs_by_class(Value vectors, Value classes);

// A value of each pair, [batch, …, 1], in the shape of the targets, of which there is to be one a pair: else
// ShapeError.
Value as_targets(Value of_pairs, Value target);

}  // namespace dl
