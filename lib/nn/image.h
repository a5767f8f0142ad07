// What layers of sequences, images and volumes ask of their input: spatial axes, then channels.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/graph/op.h"

namespace dl {

// How values with 1, 2 or 3 spatial axes are spoken of.
struct SpatialWords {
  std::string kind;   // "image"
  std::string shape;  // "an image [height, width, channels]"
  std::string axes;   // "height and width"
};
const SpatialWords& words_of_rank(int rank);

// x is [batch, …, channels] with so many axes in between, else a ShapeError that says where they may have been lost.
void expect_spatial(Value x, int rank);
// x is [batch, length, features], which `wanted` says, else a ShapeError that says what makes a sequence of it.
void expect_sequence(Value x, const std::string& wanted);
// x is [batch, height, width, channels].
void expect_image(Value x);

// The mean of each channel over all places: [batch, …, channels] -> [batch, channels].
Value mean_of_channels(Value x);

}  // namespace dl
