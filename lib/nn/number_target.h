// What losses and metrics of numbers share: predictions [batch, …] against targets f32 of the same shape.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/graph/ops.h"

namespace dl {

// Whether a sample's prediction is one value a target with an axis of one channel behind: [height, width, 1] of
// [height, width].
bool is_with_one_channel(const Shape& found, const Shape& wanted);

// The prediction in the target's shape: a prediction [batch, …, 1] fits a target [batch, …]. Throws ShapeError where
// they have other shapes, or the targets are classes.
Value as_predicted_numbers(Value prediction, Value target);

// The same where classes 0 and 1 are taken as numbers.
Value as_predicted_shape(Value prediction, Value target);

// What to write where a model with such an output for each sample is to end with this layer: "linear: 1".
std::string to_end_with(const Shape& output, const std::string& layer);

// The target as 1 or -1: what is above 0 is 1, so that it may be a class 0 or 1, or -1 or 1.
Value as_signs(Value target);

}  // namespace dl
