// Overlaps of masks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/overlap_loss.h"

#include "lib/base/error.h"
#include "lib/nn/class_target.h"

namespace dl {

void OverlapLoss::describe_overlap(Schema& s) {
  s.optional("smooth", smooth, "added above and below, so that a class that is nowhere costs nothing").above(0);
  s.optional("activation", activation,
             "softmax: one value a class and place, against classes; sigmoid: one a place, against 0 and 1")
      .one_of({"softmax", "sigmoid"});
  s.optional("ignore_index", ignore_index, "places with this target count for nothing").known_as({"ignore"});
}

Value OverlapLoss::each(const Fields& f) const {
  const int64_t batch = f.prediction.shape()[0];
  Value p, y;  // [batch, places, classes]
  if (activation == "softmax") {
    const int64_t classes = f.prediction.shape().last();
    expect_class_targets(f.prediction, f.target);
    p = reshape(softmax(f.prediction), {batch, -1, classes});
    y = reshape(hits(f.prediction, f.target), {batch, -1, classes});
  } else {
    if (f.prediction.shape().elements() != f.target.shape().elements())
      throw ShapeError(concat("expected one value for each of the targets ", f.target.shape().without_batch().text(),
                              ", got ", f.prediction.shape().without_batch().text()),
                       "end the model with one channel, or write 'activation: softmax'");
    p = reshape(sigmoid(f.prediction), {batch, -1, 1});
    y = reshape(as_f32(f.target), {batch, -1, 1});
  }
  if (ignore_index) {
    const Value counts = reshape(1 - equal(f.target, *ignore_index), {batch, -1, 1});
    p = p * counts;
    y = y * counts;
  }
  return reshape(1 - mean(score(sum(p * y, {1}), sum(p, {1}), sum(y, {1})), {2}), {batch});
}

}  // namespace dl
