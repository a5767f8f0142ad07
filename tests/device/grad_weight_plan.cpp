// Tests of how the gradient of a convolution's weight is planned: by shapes and the width of vectors alone.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/grad_weight_plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/division.h"

namespace dl {
namespace {

ConvShapes shapes(const Shape& x, int64_t out, int64_t size, int64_t stride, int64_t pad, int64_t groups = 1,
                  int64_t dilation = 1) {
  const Window w{.size = {size, size},
                 .stride = {stride, stride},
                 .pad_before = {pad, pad},
                 .pad_after = {pad, pad},
                 .dilation = {dilation, dilation}};
  return {.window = w,
          .groups = groups,
          .x = x,
          .weight = {out, x[3] / groups, size, size},
          .y = {x[0], w.output(0, x[1]), w.output(1, x[2]), out}};
}

const ConvShapes examples[] = {shapes({64, 32, 32, 16}, 16, 3, 1, 1),     shapes({3, 9, 8, 20}, 20, 3, 1, 1, 20),
                               shapes({2, 30, 70, 130}, 65, 1, 1, 0),     shapes({1, 21, 20, 3}, 64, 7, 2, 3),
                               shapes({5, 12, 12, 6}, 10, 3, 1, 2, 1, 2), shapes({2, 9, 7, 6}, 9, 3, 2, 1, 3),
                               shapes({7, 28, 28, 1}, 6, 5, 1, 2)};

TEST_CASE("units of a weight's gradient have every weight of every image once") {
  for (const ConvShapes& conv : examples) {
    CAPTURE(conv.weight.text());
    const WeightUnits u = plan_grad_weight(conv, 16).units;
    std::vector<int> times(static_cast<size_t>(u.images * u.groups * u.in_of_group * u.out_of_group));
    for (int64_t i = 0; i < u.count(); ++i) {
      const WeightUnits::Unit unit = u.unit(i);
      CHECK(unit.part_at + u.group_floats <= u.chunks * u.chunk_floats);
      for (int64_t image = unit.images.begin; image < unit.images.end; ++image)
        for (int64_t in = unit.in.begin; in < unit.in.end; ++in)
          for (int64_t out = unit.out.begin; out < unit.out.end; ++out)
            ++times[static_cast<size_t>(((image * u.groups + unit.group) * u.in_of_group + in) * u.out_of_group + out)];
    }
    CHECK(std::ranges::all_of(times, [](int n) { return n == 1; }));
  }
}

TEST_CASE("a weight gradient sums several small images at once, as many as give it depth or the cache holds") {
  const auto together = [](const ConvShapes& conv) { return plan_grad_weight(conv, 16).image_step; };
  CHECK(together(shapes({128, 2, 2, 512}, 512, 3, 1, 1)) == 128);
  CHECK(together(shapes({128, 7, 7, 512}, 512, 3, 1, 1)) == 10);
  CHECK(together(shapes({128, 28, 28, 64}, 64, 3, 1, 1)) == 1);
  CHECK(together(shapes({128, 8, 8, 64}, 64, 7, 3, 3)) == 21);  // the input is the larger
  CHECK(together(shapes({128, 4, 4, 3}, 64, 3, 1, 1)) == 1);    // whose padding lies beside it in memory
}

TEST_CASE("a weight gradient in f32 is planned so that rows stay in cache and strips are long") {
  struct Expected {
    const char* what;
    int64_t neighbours;
    bool each_channel, side_by_side;
    int64_t left, right, row_step, chunks, in_blocks;
  };
  const Expected expected[] = {{"plain", 1, false, false, 0, 0, 32, 16, 1},
                               {"each channel by itself", 1, true, true, 1, 1, 9, 3, 1},
                               {"a window of one place: one long row", 1, false, false, 0, 0, 1, 2, 3},
                               {"few channels: a row of the window at once", 1, false, true, 3, 2, 11, 1, 1},
                               {"dilated: one column after another", 1, false, false, 0, 0, 12, 5, 1},
                               {"groups", 1, false, false, 0, 0, 5, 2, 1},
                               {"outputs of few channels, two as one", 2, false, true, 2, 2, 28, 7, 1}};
  for (size_t i = 0; i < std::size(examples); ++i) {
    const Expected& e = expected[i];
    CAPTURE(e.what);
    const GradWeightPlan p = plan_grad_weight(examples[i], 16);
    CHECK(p.neighbours == e.neighbours);
    CHECK(p.each_channel == e.each_channel);
    CHECK(p.side_by_side == e.side_by_side);
    CHECK(p.left == e.left);
    CHECK(p.right == e.right);
    CHECK(p.row_step == e.row_step);
    CHECK(p.units.chunks == e.chunks);
    CHECK(p.units.in_blocks == e.in_blocks);
    CHECK((p.stage_floats > 0) == p.staged);
    CHECK((p.joined_floats > 0) == (p.neighbours > 1));
  }
}

TEST_CASE("in bf16 each tap finds its pairs of inputs in its track") {
  for (const ConvShapes& conv : examples) {
    CAPTURE(conv.weight.text());
    const Bf16GradWeightPlan p = plan_bf16_grad_weight(conv, 16);
    const int64_t stride = p.window.stride[1];
    for (size_t tap = 0; tap < p.track_of.size(); ++tap) {
      const int64_t offset = p.offset(static_cast<int64_t>(tap)),
                    start = p.starts[static_cast<size_t>(p.track_of[tap])];
      for (int64_t pair = 0; pair < ceil_div(p.sizes.out_width, 2); ++pair) {
        const int64_t place = floor_div(offset, 2 * stride) - p.least + pair;  // in the track
        CHECK(place >= 0);
        CHECK(place < p.track_pairs);
        CHECK(start + (p.least + place) * 2 * stride == offset + 2 * pair * stride);
      }
    }
    CHECK(p.x_elements >=
          ((p.row_step - 1) * p.window.stride[0] + p.reach()) * std::ssize(p.starts) * p.track_pairs * p.x_columns * 2);
  }
}

TEST_CASE("in bf16 taps that are two strides apart share a track, and a window of one place has rows of good length") {
  const Bf16GradWeightPlan three = plan_bf16_grad_weight(examples[0], 16);
  CHECK(three.starts == std::vector<int64_t>{1, 0});
  CHECK(three.track_of == std::vector<int64_t>{0, 1, 0});
  CHECK(three.least == -1);
  CHECK(three.track_pairs == 17);
  const Bf16GradWeightPlan point = plan_bf16_grad_weight(examples[2], 16);
  CHECK(point.sizes.height == 4);
  CHECK(point.sizes.width == 525);
  const Bf16GradWeightPlan whole = plan_bf16_grad_weight(examples[3], 16);
  CHECK(whole.whole_rows);
  CHECK(whole.x_columns == 21);
  CHECK(whole.track_of.size() == 1);
}

}  // namespace
}  // namespace dl
