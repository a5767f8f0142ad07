// What glu and its variants have in common: one half of the features, gated by the other.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

// y = a gate(b), with a the first half of the last axis and b the second, or with a and b the two inputs.
struct GatedLayer : Layer {
  Value build(Builder& b, std::span<const Value> inputs) const final;

 protected:
  virtual Value gate(Value x) const = 0;
  void describe_gated(Schema& s);
};

}  // namespace dl
