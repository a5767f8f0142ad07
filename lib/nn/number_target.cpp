// Numbers as targets.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_target.h"

#include "lib/base/error.h"

namespace dl {

Value as_predicted_numbers(Value prediction, Value target) {
  if (target.type().dtype == DType::f32) return as_predicted_shape(prediction, target);
  throw ShapeError(
      concat("expected numbers as targets, the data's are classes: ", name_of(target.type().dtype), " ",
             target.shape().without_batch().text()),
      "take a loss or metric of classes: 'cross_entropy'; or write 'target: x' in it where the model is to "
      "give back its input");
}

bool is_with_one_channel(const Shape& found, const Shape& wanted) {
  std::vector<int64_t> sizes = wanted.sizes();
  sizes.push_back(1);
  return found == Shape(std::move(sizes));
}

Value as_predicted_shape(Value prediction, Value target) {
  const Shape found = prediction.shape().without_batch(), wanted = target.shape().without_batch();
  if (found == wanted) return prediction;
  if (is_with_one_channel(found, wanted)) return reshape(prediction, target.shape());
  throw ShapeError(concat("expected one value for each of the targets ", wanted.text(), ", got ", found.text()),
                   wanted.rank() <= 1 ? to_end_with(found, concat("linear: ", wanted.elements()))
                   : wanted.elements() == found.elements()
                       ? concat("end the model with 'unflatten: ", wanted.text(), "'")
                       : "");
}

std::string to_end_with(const Shape& output, const std::string& layer) {
  if (output.rank() == 2)
    return concat("put 'global_avg_pool1d', or 'select: -1' for the last place, before '", layer,
                  "'; a recurrent layer with 'return_sequences: false' gives its last state");
  if (output.rank() > 2) return concat("end the model with 'global_avg_pool2d' or 'flatten', and '", layer, "'");
  return concat("end the model with '", layer, "'");
}

Value as_signs(Value target) { return 2 * (target > 0) - 1; }

}  // namespace dl
