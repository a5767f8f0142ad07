// What all losses share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"

#include "lib/base/error.h"

namespace dl {

Value Loss::count(Value, Value target) const {
  return constant(*target.graph, static_cast<double>(target.shape().elements()));
}

std::string name_of(Loss::Reads reads) {
  switch (reads) {
    case Loss::Reads::numbers: return "the targets' numbers";
    case Loss::Reads::logit: return "one value a target, before a sigmoid";
    case Loss::Reads::logits: return "one value a class, before a softmax";
    case Loss::Reads::log_probabilities: return "one logarithm of a probability a class";
  }
  return "";
}

void expect_classes(const Loss& loss, const Type& prediction, int64_t classes) {
  if (loss.reads() == Loss::Reads::logit && classes > 2)
    throw ShapeError(concat("expected two classes, which one value tells apart, the data have ", classes),
                     "take 'cross_entropy', and end the model with 'linear: ${data.classes}'");
  if (!loss.takes_classes()) return;
  if (prediction.shape.last() == 1)
    throw ShapeError("expected one value a class, got a single one: its probability is always 1",
                     "end the model with 'linear: ${data.classes}', or take 'bce_with_logits' for two classes");
}

}  // namespace dl
