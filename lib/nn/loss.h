// A loss: the mean over the batch of what is to be made small.
#pragma once
#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Loss : Described {
  static constexpr const char* kind = "loss";
  // prediction [batch, …], target [batch, …] -> f32 []
  virtual Value build(Value prediction, Value target) const = 0;
  // What is told of a prediction: probabilities, where the loss takes what comes before a softmax.
  virtual Value told(Value prediction) const { return prediction; }
};

}  // namespace dl

#define DL_LOSS(Type, name) DL_REGISTER(::dl::Loss, Type, name)
