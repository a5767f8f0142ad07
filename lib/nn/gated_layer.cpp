// Halves and pairs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/gated_layer.h"

namespace dl {

void GatedLayer::describe_gated(Schema& s) {
  s.details(
      "The first half of the last axis is multiplied by what the second becomes, so that half of the features are "
      "left. "
      "With two inputs of one shape (from: [a, gate]) the second gates the first.");
}

Value GatedLayer::build(Builder&, std::span<const Value> inputs) const {
  if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
  const Value x = inputs[0];
  const int64_t features = x.shape().last();
  if (inputs.size() == 2) {
    if (inputs[1].shape() != x.shape()) {
      throw ShapeError(concat("expected inputs of one shape, got ", x.shape().without_batch().text(), " and ",
                              inputs[1].shape().without_batch().text()),
                       "give both as many features");
    }
    return x * gate(inputs[1]);
  }
  if (features % 2 != 0) {
    throw ShapeError(concat("expected an even number of features to halve, got ", features),
                     "make twice as many features as are wanted, or name two inputs: from: [a, gate]");
  }
  return slice(x, -1, 0, features / 2) * gate(slice(x, -1, features / 2, features / 2));
}

}  // namespace dl
