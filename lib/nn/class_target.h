// What losses and metrics of classes share: predictions [batch, …, classes] against class numbers i32 [batch, …].
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// Whether predictions [batch, …], or [batch, 1] of single targets, hold one value for each target of the same shape,
// before a sigmoid. f32 targets of that shape are labels beside each other, or where the predictions are `of_classes`
// (Loss::takes_classes()), their probabilities, which are one target.
bool is_one_value_a_target(Value prediction, Value target, bool of_classes);

// Throws ShapeError where the types are others.
void expect_class_targets(Value prediction, Value target);

// [batch, …, classes]: 1 at the target's class, else 0.
Value hits(Value prediction, Value target);

// Whether targets f32 are probabilities of the classes, of the predictions' shape.
bool are_class_probabilities(Value prediction, Value target);

// The same, or the probabilities that the targets are. Throws as expect_class_targets() does.
Value class_probabilities(Value prediction, Value target);

// [batch, …, 1]: the target's class, of probabilities the first of the largest. Throws as expect_class_targets() does.
Value class_labels(Value prediction, Value target);

// Of x along the last axis: 1 at the first of the largest, else 0; all 0 where one is NaN.
Value first_largest(Value x);

// [batch, …, classes]: 1 at a class drawn by softmax(x) (Gumbel 1954), else 0; `uniform` of x's shape, in [0, 1).
Value drawn_class(Value x, Value uniform);

// [batch, …, 1]: the target with an axis for the classes.
Value with_class_axis(Value target);

}  // namespace dl
