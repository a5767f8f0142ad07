// What stays in cache, and what lies side by side.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/grad_weight_plan.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/device/cpu/few_columns.h"

namespace dl {
namespace {

constexpr int64_t block_bytes = 384 * 1024;  // of x and dy together: stays in the second-level cache
constexpr int64_t least_depth = 512;         // of a sum, so that adding it to what is in memory costs little
constexpr int64_t few_channels = 12;         // below, a column of the window makes too short a strip

bool is_point(const Window& w, const ImageSizes& s) {
  return w.all(w.size, 1) && w.all(w.stride, 1) && s.out_height == s.height && s.out_width == s.width;
}

// Whether a row of the window lies side by side in memory, of too few channels to take one column after another.
bool joins_columns(const Window& w, int64_t groups, int64_t channels) {
  return groups == 1 && w.dilation[1] == 1 && w.size[1] > 1 && channels < few_channels;
}

// Images to sum together, each of which takes so many bytes of the channels of a unit.
int64_t choose_image_step(const ImageSizes& s, int64_t bytes) {
  return std::max<int64_t>(std::min(block_bytes / bytes, least_depth / (s.out_height * s.out_width)), 1);
}

int64_t taps_of(const Window& w) { return w.size[0] * w.size[1]; }

void join_neighbours(GradWeightPlan& p, int64_t groups, int lanes) {
  if (groups != 1 || p.window.dilation[1] != 1) return;
  p.neighbours =
      worthwhile_neighbours(p.sizes.out_channels, p.sizes.out_width, p.window.size[1], p.window.stride[1], lanes);
  p.sizes.out_width /= p.neighbours;
  p.sizes.out_channels *= p.neighbours;
  p.window.size[1] += (p.neighbours - 1) * p.window.stride[1];
  p.window.stride[1] *= p.neighbours;
}

void find_tracks(Bf16GradWeightPlan& p) {
  const int64_t period = 2 * p.window.stride[1], pairs = ceil_div(p.sizes.out_width, 2);
  int64_t most = 0;
  for (int64_t tap = 0; tap < (p.whole_rows ? 1 : p.window.size[1]); ++tap) {
    const int64_t number = floor_div(p.offset(tap), period), start = p.offset(tap) - number * period;
    const auto track = std::ranges::find(p.starts, start) - p.starts.begin();
    if (track == std::ssize(p.starts)) p.starts.push_back(start);
    p.track_of.push_back(track);
    p.least = std::min(p.least, number);
    most = std::max(most, number);
  }
  p.track_pairs = p.whole_rows ? pairs : pairs + most - p.least;
}

}  // namespace

ImageSizes ImageSizes::of(const ConvShapes& conv) {
  return {.height = conv.x[1],
          .width = conv.x[2],
          .channels = conv.x[3],
          .out_height = conv.y[1],
          .out_width = conv.y[2],
          .out_channels = conv.y[3]};
}

GradWeightPlan plan_grad_weight(const ConvShapes& conv, int lanes) {
  GradWeightPlan p{.window = conv.window, .sizes = ImageSizes::of(conv)};
  ImageSizes& s = p.sizes;
  Window& w = p.window;
  if (is_point(w, s)) {  // one long row of pixels
    s.width *= s.height;
    s.out_width = s.width;
    s.height = s.out_height = 1;
  }
  join_neighbours(p, conv.groups, lanes);
  p.each_channel = conv.groups > 1 && conv.groups == s.channels && conv.groups == s.out_channels;
  const int64_t groups = p.each_channel ? 1 : conv.groups, in_of_group = s.channels / conv.groups;
  p.side_by_side = p.each_channel || joins_columns(w, groups, in_of_group);
  if (p.side_by_side) {
    p.left = w.pad_before[1];
    p.right =
        std::max<int64_t>((s.out_width - 1) * w.stride[1] - p.left + (w.size[1] - 1) * w.dilation[1] + 1 - s.width, 0);
  }
  p.staged = p.left > 0 || p.right > 0;
  p.row_floats = (p.left + s.width + p.right) * s.channels;
  const int64_t row_bytes = 4 * (w.stride[0] * p.row_floats + s.out_width * s.out_channels);
  p.row_step = std::clamp<int64_t>(block_bytes / row_bytes, 1, s.out_height);
  if (p.row_step == s.out_height && !p.staged) {
    const int64_t in = std::min(s.channels, WeightUnits::block), out = std::min(s.out_channels, WeightUnits::block);
    p.image_step = choose_image_step(s, 4 * (s.height * s.width * in + s.out_height * s.out_width * out));
  }
  if (p.staged) p.stage_floats = round_up(((p.row_step - 1) * w.stride[0] + p.reach()) * p.row_floats, 16);
  p.units = cut({.images = conv.x[0],
                 .groups = groups,
                 .taps = taps_of(w),
                 .in_of_group = in_of_group,
                 .out_of_group = s.out_channels / groups,
                 .cuts_in = !p.side_by_side,
                 .lanes = lanes});
  if (p.neighbours > 1) p.joined_floats = conv.weight.elements() / p.own_channels() * lanes;
  return p;
}

Bf16GradWeightPlan plan_bf16_grad_weight(const ConvShapes& conv, int lanes) {
  Bf16GradWeightPlan p{.window = conv.window, .sizes = ImageSizes::of(conv)};
  ImageSizes& s = p.sizes;
  const Window& w = p.window;
  if (is_point(w, s)) {  // rows are as long as is good for the tiles
    s.width *= s.height;
    s.height = 1;
    for (const int64_t longest = 1024; s.width > longest && s.width % 2 == 0; s.width /= 2) s.height *= 2;
    s.out_width = s.width;
    s.out_height = s.height;
  }
  const int64_t in_of_group = s.channels / conv.groups, out_of_group = s.out_channels / conv.groups;
  p.whole_rows = joins_columns(w, conv.groups, in_of_group);
  find_tracks(p);
  p.x_columns = p.whole_rows ? w.size[1] * in_of_group : std::min(in_of_group, WeightUnits::block);
  p.dy_columns = round_up(std::min(out_of_group, WeightUnits::block), lanes);
  const int64_t x_row = std::ssize(p.starts) * p.track_pairs * p.x_columns * 2;
  const int64_t dy_row = ceil_div(s.out_width, 2) * p.dy_columns * 2;
  p.row_step = std::clamp<int64_t>(block_bytes / 2 / (w.stride[0] * x_row + dy_row), 1, s.out_height);
  p.padded_row = (w.pad_before[1] + std::max(s.width, s.out_width * w.stride[1] + w.size[1])) * s.channels;
  const int64_t x_rows = ((p.row_step - 1) * w.stride[0] + p.reach()) * x_row, dy_rows = p.row_step * dy_row;
  if (p.row_step == s.out_height) p.image_step = choose_image_step(s, 2 * (x_rows + dy_rows));
  p.x_elements = round_up(p.image_step * x_rows, 32);
  p.dy_elements = round_up(p.image_step * dy_rows, 32);
  p.zeros = round_up(std::max(p.x_columns, p.dy_columns), 32);
  p.thread_elements = p.x_elements + p.dy_elements + p.zeros + round_up(p.padded_row, 32);
  p.units = cut({.images = conv.x[0],
                 .groups = conv.groups,
                 .taps = taps_of(w),
                 .in_of_group = in_of_group,
                 .out_of_group = out_of_group,
                 .cuts_in = !p.whole_rows,
                 .lanes = lanes});
  return p;
}

}  // namespace dl
