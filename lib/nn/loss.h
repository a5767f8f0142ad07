// A loss: the mean over a batch's targets of what is to be made small.
#pragma once
#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Loss : Described {
  static constexpr const char* kind = "loss";
  // prediction [batch, …], target [batch, …] -> f32 []. Types that do not fit are a ShapeError.
  virtual Value build(Value prediction, Value target) const = 0;
  // f32 []: how many targets the mean is over, so that means of batches add up; by default all elements of the target.
  virtual Value count(Value prediction, Value target) const;
  // Whether a prediction's last axis holds one value a class.
  virtual bool takes_classes() const { return false; }
  // What is told of a prediction: probabilities, where the loss takes what comes before a softmax.
  virtual Value told(Value prediction) const { return prediction; }
};

}  // namespace dl

#define DL_LOSS(Type, name) DL_REGISTER(::dl::Loss, Type, name)
