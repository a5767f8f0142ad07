// How a window of weights slides over images: everything that follows from the shapes, before any memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "lib/base/thread_team.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/graph/ops.h"

namespace dl {

// The output positions begin, begin + stride, … along one axis, which share the same taps: tap t of the q-th of them
// reads the input at q * step + first + t * gap, and is weight kernel[t]. Positions outside the input read 0.
struct AxisPhase {
  int64_t begin = 0, stride = 1, count = 0;
  int64_t step = 1, first = 0, gap = 1;
  std::vector<int64_t> kernel;
  int64_t taps() const { return static_cast<int64_t>(kernel.size()); }
};

// All output positions of an axis, for a convolution from `input` positions, and for its gradient.
std::vector<AxisPhase> forward_phases(const Window& window, int axis, int64_t input);
std::vector<AxisPhase> backward_phases(const Window& window, int axis, int64_t input);

// Its taps that lie inside the input for the q-th of its positions.
Range taps_inside(const AxisPhase& phase, int64_t q, int64_t input);

// What slides over what. The phases of an axis have the same stride and step.
struct CorrelationGeometry {
  int64_t images = 0, in_height = 0, in_width = 0, in_channels = 0;
  int64_t out_height = 0, out_width = 0, out_channels = 0;
  int64_t groups = 1;
  std::vector<AxisPhase> rows, columns;
  bool weight_by_out = true;  // the weight is [out channels, in channels / groups, …]; else [in, out / groups, …]
  int64_t kernel_height = 1, kernel_width = 1;
};

// What outputs read around their own place.
struct Reach {
  int64_t left = 0, right = 0;   // columns beside the input
  int64_t lowest = 0, span = 1;  // the first input row for output position 0, and the rows around one position
};
Reach reach_of(const CorrelationGeometry& g);

// In f32.
struct CorrelationPlan {
  CorrelationGeometry given;
  CorrelationGeometry g;  // with neighbours as one output, see few_columns.h
  int64_t neighbours = 1;
  bool each_channel = false;  // every channel by itself: the groups are handled together, as columns
  int64_t groups = 1, in_of_group = 0, out_of_group = 0;
  struct Phase {
    AxisPhase rows, columns;
    int64_t panels_at = 0, depth = 0;  // in a group's packed weight
  };
  std::vector<Phase> phases;
  std::vector<TapPlace> places;
  Reach reach;
  // A strip is one place of many images, where rows of an image are too short to make one: taps beside the input then
  // cost nothing.
  bool by_images = false;
  bool staged = false;       // rows are copied so that the columns beside the input are there, as zeros
  int64_t row_floats = 0;    // from one input row to the next, as read
  int64_t image_floats = 0;  // by images, which are copied to lie so far apart
  int64_t strip_rows = 0;
  int64_t chunk_rows = 1;              // rows of output given to the epilogue at a time: they follow from the shapes
  int64_t block_rows = 1, blocks = 0;  // rows of output made together: chunks of them
  int64_t packed_floats_of_group = 0, stage_floats = 0, block_floats = 0;
  // How the work is cut: blocks, and panels by the columns they begin with, of all groups. Where the columns are cut,
  // the epilogue comes when all of them are there.
  int row_parts = 1, column_parts = 1;
};
// What a plan is for. Threads and cache change how much is made together, and never a bit.
struct CoreRoom {
  int lanes = 16;
  int64_t tile_rows = 14;  // of a full register tile
  int threads = 1;
  int64_t l2_bytes = 512 << 10;
};
CorrelationPlan plan_correlation(CorrelationGeometry geometry, const CoreRoom& room);
constexpr int most_segments = 10;  // images of which a block may have rows

// In bf16. Where a row of the window is short, the whole window is laid out side by side for each output, so that the
// depth comes in few ranges. Not for groups of one channel each.
struct Bf16CorrelationPlan {
  CorrelationGeometry g;
  int64_t in_of_group = 0, out_of_group = 0;
  bool whole_window = false;
  // The outputs with the same taps, and how their depth is divided: `outer` rows of the window, `inner` ranges in each,
  // of `range` elements, which the packed weight rounds up to pairs.
  struct Phase {
    AxisPhase rows, columns;
    int64_t outer = 0, inner = 0, range = 0;
    int64_t panels_at = 0;  // in a group's packed weight
    int64_t depth() const;
  };
  std::vector<Phase> phases;
  Reach reach;
  int64_t row_elements = 0, window_elements = 0, block_rows = 1;
  int64_t packed_of_group = 0, stage_elements = 0, windows_elements = 0, block_floats = 0;
};
Bf16CorrelationPlan plan_bf16_correlation(CorrelationGeometry geometry, int lanes);

}  // namespace dl
