// What all layers share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

#include "lib/base/error.h"

namespace dl {

Value Builder::carried(const std::string&, Shape shape) { return broadcast_to(constant(graph(), 0), shape); }

Value Layer::build(Builder&, Value) const {
  DL_CHECK(false, name, " builds from neither one input nor several");
  return {};
}

Value Layer::build(Builder& b, std::span<const Value> inputs) const {
  if (inputs.size() != 1) {
    throw ShapeError(concat("expected one input, got ", inputs.size()),
                     "name one layer in 'from', or join them before with 'add'");
  }
  return build(b, inputs[0]);
}

void expect_rank(Value x, int rank, const std::string& wanted, const std::string& help) {
  if (x.shape().rank() != rank) {
    throw ShapeError(concat("expected ", wanted, ", got shape ", x.shape().without_batch().text()), help);
  }
}

}  // namespace dl
