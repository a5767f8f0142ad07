// How the gradient of a convolution's weight is computed: everything that follows from the shapes, before any memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/weight_units.h"

namespace dl {

// The sizes of a convolution of images.
struct ImageSizes {
  int64_t height = 0, width = 0, channels = 0;
  int64_t out_height = 0, out_width = 0, out_channels = 0;
  static ImageSizes of(const ConvShapes& conv);

  int64_t elements() const { return height * width * channels; }
  int64_t out_elements() const { return out_height * out_width * out_channels; }
};

// In f32: a matrix product whose depth is the pixels, read in place.
struct GradWeightPlan {
  Window window;
  ImageSizes sizes;           // both with neighbours as one output, see few_columns.h
  int64_t neighbours = 1;     // of so many
  bool each_channel = false;  // every channel by itself: the groups are handled together, as columns
  bool side_by_side = false;  // a whole row of the window makes one strip,
  bool staged = false;        // which needs the padding beside the rows in memory
  int64_t left = 0, right = 0, row_floats = 0;
  int64_t row_step = 1;       // rows of the output whose inputs stay in cache with them
  int64_t image_step = 1;     // images that are summed together: several where they are small, all rows of each
  int64_t stage_floats = 0;   // of a thread
  int64_t joined_floats = 0;  // of a weight with a vector for each of its rows [out]: what neighbours add up to
  WeightUnits units;

  int64_t own_channels() const { return sizes.out_channels / neighbours; }  // of one of the neighbours: one vector
  int64_t reach() const { return (window.size[0] - 1) * window.dilation[0] + 1; }
};
GradWeightPlan plan_grad_weight(const ConvShapes& conv, int lanes);

// In bf16, two neighbouring outputs of a row at a time. Both operands are laid out in such pairs first, rows that stay
// in cache. Outputs 2 p and 2 p + 1 read, for tap t, the inputs at offset(t) + 2 p stride and one stride on. A track
// holds such pairs for one offset modulo 2 strides: taps whose offsets differ by a multiple of that share it.
struct Bf16GradWeightPlan {
  Window window;
  ImageSizes sizes;
  bool whole_rows = false;             // a whole row of the window makes one strip
  std::vector<int64_t> starts;         // of each track
  std::vector<int64_t> track_of;       // of each tap of a row of the window
  int64_t track_pairs = 0, least = 0;  // pairs of a track, and the number of its first
  int64_t x_columns = 0, dy_columns = 0;
  int64_t padded_row = 0;  // elements of a row of x with zeros beside it
  int64_t row_step = 1;
  int64_t image_step = 1;  // as of GradWeightPlan
  int64_t x_elements = 0, dy_elements = 0, zeros = 0, thread_elements = 0;
  WeightUnits units;

  int64_t reach() const { return (window.size[0] - 1) * window.dilation[0] + 1; }
  int64_t offset(int64_t tap) const { return tap * window.dilation[1] - window.pad_before[1]; }
};
Bf16GradWeightPlan plan_bf16_grad_weight(const ConvShapes& conv, int lanes);

}  // namespace dl
