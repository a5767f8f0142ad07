// A loss: the mean over a batch's targets of what is to be made small.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/graph/ops.h"
#include "lib/nn/class_weights.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Loss : Described {
  static constexpr const char* kind = "loss";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // What a prediction's values are, to the loss and to the metrics beside it.
  enum class Reads {
    numbers,            // what the targets are
    logit,              // one for each target, before a sigmoid: its class is 1 where the value is above 0
    logits,             // along the last axis one a class, before a softmax
    log_probabilities,  // the same, after it
  };

  // prediction [batch, …], target [batch, …] -> f32 []. Types that do not fit are a ShapeError.
  virtual Value build(Value prediction, Value target) const = 0;
  // f32 []: how many targets the mean is over, so that means of batches add up; with weights, the sum of theirs. By
  // default all elements of the target.
  virtual Value count(Value prediction, Value target) const;
  virtual Reads reads() const = 0;
  // Completes what the config left to the data (ClassWeights); called once, before anything is built. Data that do not
  // fit are a ShapeError.
  virtual void learn(const Labels& /*labels*/) {}
  // Whether a prediction's last axis holds one value a class.
  bool takes_classes() const { return reads() == Reads::logits || reads() == Reads::log_probabilities; }
  // A class that is none: targets of it count for nothing.
  virtual std::optional<int64_t> ignored() const { return {}; }
  // What is told of a prediction: probabilities, where the loss takes what comes before a softmax.
  virtual Value told(Value prediction) const { return prediction; }
};

// "one value a class, before a softmax": what follows "takes".
std::string name_of(Loss::Reads reads);

// Throws ShapeError where the loss says nothing of predictions of this type, or of the data's classes (0: not known).
void expect_classes(const Loss& loss, const Type& prediction, int64_t classes);

}  // namespace dl

#define DL_LOSS(Type, name) DL_REGISTER(::dl::Loss, Type, name)
