// Planes as images whose channels are those of all the planes under their taps.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/volume_plan.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/base/thread_team.h"

namespace dl {
namespace {

constexpr int64_t most_joined = 8;                // taps along the depth whose planes lie beside each other
constexpr int64_t chunk_bytes = 8 * 1024 * 1024;  // of gathered planes, unless the weights are large

// The axes [first, first + 2) of a volume's window, as one of images.
Window window_of_axes(const Window& w, size_t first) {
  Window image;
  for (size_t i = 0; i < 2; ++i) {
    image.size[i] = w.size[first + i];
    image.stride[i] = w.stride[first + i];
    image.pad_before[i] = w.pad_before[first + i];
    image.pad_after[i] = w.pad_after[first + i];
    image.dilation[i] = w.dilation[first + i];
  }
  return image;
}

// Whether the window has one place along an axis and passes over every one.
bool is_point(const Window& w, size_t axis) {
  return w.size[axis] == 1 && w.stride[axis] == 1 && w.pad_before[axis] == 0 && w.pad_after[axis] == 0;
}

// In even parts.
std::vector<JoinedTaps> join(int64_t taps, int64_t most) {
  std::vector<JoinedTaps> all;
  const int64_t parts = taps > 0 ? ceil_div(taps, most) : 0;
  for (int64_t part = 0; part < parts; ++part) {
    const Range range = split(taps, parts, part);
    all.push_back({range.begin, range.end});
  }
  return all;
}

// Channels that are convolved each by itself gain nothing from planes beside each other.
int64_t most_joined_of(const ConvShapes& c) { return c.groups > 1 && c.weight[1] == 1 ? 1 : most_joined; }

// How many planes are made together: what is gathered for them stays in cache, but is a few times the weights, which
// are laid out anew for each chunk.
int64_t planes_together(int64_t planes, int64_t plane_bytes, int64_t weight_bytes) {
  const int64_t most = std::clamp<int64_t>(std::max(chunk_bytes, 4 * weight_bytes) / std::max<int64_t>(plane_bytes, 1),
                                           1, std::max<int64_t>(planes, 1));
  return ceil_div(planes, ceil_div(planes, most));
}

int64_t plane_elements(const Shape& s) { return s[2] * s[3] * s[4]; }
int64_t weights_of_tap(const ConvShapes& c) { return c.weight.elements() / c.window.size[0]; }

}  // namespace

std::optional<ConvShapes> as_images(const ConvShapes& conv) {
  const Window& w = conv.window;
  if (w.rank == 2) return conv;
  ConvShapes images{.groups = conv.groups};
  const auto move = [&](size_t to, size_t from) {
    images.window.size[to] = w.size[from];
    images.window.stride[to] = w.stride[from];
    images.window.pad_before[to] = w.pad_before[from];
    images.window.pad_after[to] = w.pad_after[from];
    images.window.dilation[to] = w.dilation[from];
  };
  if (w.rank == 1) {
    const auto one_row = [](const Shape& s) { return Shape{s[0], 1, s[1], s[2]}; };
    move(1, 0);
    images.x = one_row(conv.x);
    images.y = one_row(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], 1, conv.weight[2]};
    return images;
  }
  if (is_point(w, 0)) {
    const auto planes = [](const Shape& s) { return Shape{s[0] * s[1], s[2], s[3], s[4]}; };
    images.window = window_of_axes(w, 1);
    images.x = planes(conv.x);
    images.y = planes(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], conv.weight[3], conv.weight[4]};
    return images;
  }
  if (is_point(w, 1) && is_point(w, 2)) {
    const auto columns = [](const Shape& s) { return Shape{s[0], s[1], s[2] * s[3], s[4]}; };
    move(0, 0);
    images.x = columns(conv.x);
    images.y = columns(conv.y);
    images.weight = {conv.weight[0], conv.weight[1], conv.weight[2], 1};
    return images;
  }
  return std::nullopt;
}

ConvShapes images_of_planes(const ConvShapes& conv, int64_t planes, int64_t taps, bool backward) {
  ConvShapes images{.window = window_of_axes(conv.window, 1),
                    .groups = conv.groups,
                    .x = {planes, conv.x[2], conv.x[3], conv.x[4]},
                    .weight = {conv.weight[0], conv.weight[1], conv.weight[3], conv.weight[4]},
                    .y = {planes, conv.y[2], conv.y[3], conv.y[4]}};
  (backward ? images.y[3] : images.x[3]) *= taps;
  images.weight[backward ? 0 : 1] *= taps;
  return images;
}

VolumePlan plan_volume(const ConvShapes& conv, bool backward, DType pixels, bool keeps_product) {
  const Shape &from = backward ? conv.y : conv.x, &to = backward ? conv.x : conv.y;
  const int64_t read = plane_elements(from), made = plane_elements(to);
  VolumePlan plan;
  for (AxisPhase& depth :
       backward ? backward_phases(conv.window, 0, conv.x[1]) : forward_phases(conv.window, 0, conv.x[1])) {
    if (depth.count == 0) continue;
    VolumePlan::Phase phase{.joined = join(depth.taps(), most_joined_of(conv)),
                            .planes = to[0] * depth.count,
                            .direct = depth.stride == 1 && keeps_product};
    phase.depth = std::move(depth);
    const int64_t widest = phase.joined.empty() ? 0 : phase.joined.front().taps();
    phase.together = planes_together(phase.planes, std::max(widest * read * bytes_of(pixels), made * 4),
                                     widest * weights_of_tap(conv) * bytes_of(pixels));
    for (JoinedTaps& joined : phase.joined) {
      joined.weight_at = plan.weight_elements;
      plan.weight_elements += round_up(joined.taps() * weights_of_tap(conv), 32);
    }
    const int64_t chunk = phase.together * made;
    plan.gathered_elements = std::max(plan.gathered_elements, phase.together * widest * read);
    plan.sums_floats = std::max(plan.sums_floats, phase.direct ? 0 : chunk);
    plan.more_floats = std::max(plan.more_floats, phase.joined.size() > 1 ? chunk : 0);
    plan.phases.push_back(std::move(phase));
  }
  return plan;
}

VolumeGradWeightPlan plan_volume_grad_weight(const ConvShapes& conv, DType pixels) {
  VolumeGradWeightPlan plan{.depth = forward_phases(conv.window, 0, conv.x[1]).front()};
  plan.joined = join(plan.depth.taps(), most_joined_of(conv));
  plan.planes = conv.y[0] * plan.depth.count;
  const int64_t widest = plan.joined.front().taps(), read = widest * plane_elements(conv.x);
  plan.part_floats = widest * weights_of_tap(conv);
  plan.together = planes_together(plan.planes, read * bytes_of(pixels), plan.part_floats * 4);
  plan.gathered_elements = plan.together * read;
  return plan;
}

}  // namespace dl
