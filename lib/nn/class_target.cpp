// Classes as targets.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/class_target.h"

#include "lib/base/error.h"
#include "lib/nn/number_target.h"

namespace dl {

bool is_one_value_a_target(Value prediction, Value target, bool of_classes) {
  if (of_classes && are_class_probabilities(prediction, target)) return false;
  const Shape found = prediction.shape().without_batch(), wanted = target.shape().without_batch();
  return found == wanted || is_with_one_channel(found, wanted);
}

void expect_class_targets(Value prediction, Value target) {
  const Shape found = prediction.shape().without_batch(), wanted = target.shape().without_batch();
  if (target.type().dtype != DType::i32)
    throw ShapeError(concat("expected classes as targets, the data's are numbers: ", name_of(target.type().dtype), " ",
                            wanted.text()),
                     "take a loss or metric of numbers: 'mse'");
  std::vector<int64_t> outer = prediction.shape().sizes();
  if (!outer.empty()) outer.pop_back();
  if (prediction.shape().rank() >= 2 && outer == target.shape().sizes()) return;
  if (wanted.rank() == 0)
    throw ShapeError(
        concat("expected one value a class and a class as target, got ", found.text(), " and ", wanted.text()),
        found.rank() >= 2 ? to_end_with(found, "linear: ${data.classes}") : "");
  const bool of_pixels = wanted.rank() == 2 && found != wanted;
  throw ShapeError(
      concat("expected one value a class for each of the targets ", wanted.text(), ", got ", found.text()),
      of_pixels
          ? "keep the height and width of the targets, by 'padding: same' or 'upsample: 2', and end the model "
            "with 'conv2d: {out_channels: ${data.classes}, kernel_size: 1}'"
          : concat(found == wanted ? "where targets are one-hot save their classes, y.argmax(-1); else " : "",
                   "keep the model's sequence as long as the targets, and end it with 'linear: ${data.classes}'"));
}

Value drawn_class(Value x, Value uniform) { return first_largest(stop_gradient(x) - log(-log(uniform))); }

Value with_class_axis(Value target) {
  std::vector<int64_t> sizes = target.shape().sizes();
  sizes.push_back(1);
  return reshape(target, Shape(std::move(sizes)));
}

Value hits(Value prediction, Value target) {
  return equal(iota(*prediction.graph, prediction.shape().last()), with_class_axis(target));
}

bool are_class_probabilities(Value prediction, Value target) {
  return target.type().dtype == DType::f32 && target.shape().rank() >= 2 && target.shape() == prediction.shape();
}

Value class_probabilities(Value prediction, Value target) {
  if (are_class_probabilities(prediction, target)) return as_f32(target);
  expect_class_targets(prediction, target);
  return hits(prediction, target);
}

Value first_largest(Value x) {
  const int64_t n = x.shape().last();
  const Value index = iota(*x.graph, n), whole = sum(equal(x, x), {-1}) >= static_cast<double>(n);
  const Value first = -max(-where(equal(x, max(x, {-1})), index, static_cast<double>(n)), {-1});
  return equal(index, first) * whole;
}

Value class_labels(Value prediction, Value target) {
  if (are_class_probabilities(prediction, target))
    return sum(first_largest(target) * iota(*target.graph, target.shape().last()), {-1});
  expect_class_targets(prediction, target);
  return with_class_axis(target);
}

}  // namespace dl
