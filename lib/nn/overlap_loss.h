// What losses of masks share: the overlap of a class's probabilities and targets over a sample's places.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "lib/nn/loss.h"

namespace dl {

// 1 minus a score of each class, the mean over the classes.
struct OverlapLoss : Loss {
  std::string activation = "softmax";
  double smooth = 1;
  std::optional<int64_t> ignore_index;

  Reads reads() const final { return activation == "softmax" ? Reads::logits : Reads::logit; }
  bool takes_probabilities() const final { return activation == "sigmoid"; }
  Value predicted(Value output) const final { return activation == "softmax" ? softmax(output) : sigmoid(output); }
  std::optional<int64_t> ignored() const final { return ignore_index; }
  Value each(const Fields& fields) const final;  // f32 [batch]

 protected:
  void describe_overlap(Schema& s);  // the keys
  // From sum p y, sum p and sum y of each class.
  virtual Value score(Value both, Value predicted, Value actual) const = 0;
};

}  // namespace dl
