// Functions that several layers are written in.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

// log(1 + exp(beta x)) / beta, and x where beta x > threshold.
Value softplus(Value x, double beta = 1, double threshold = 20);

// Standard normal random numbers, drawn as Builder::random does.
Value standard_normal(Builder& b, Shape shape);

// While training x, of which parts are 0 with probability p and others divided by 1 - p; else x. `of`: x's shape with
// size 1 along the axes that are dropped together, but for the batch, whose samples are drawn together only where
// `each` is false.
Value dropped(Builder& b, Value x, double p, Shape of, bool each = true);
// The same by alpha dropout, which puts what selu has at -infinity in the place of 0 and keeps mean and variance.
Value alpha_dropped(Builder& b, Value x, double p, Shape of);
// The shape of x with one place: what is drawn for its channels.
Shape whole_channels(Value x);

}  // namespace dl
