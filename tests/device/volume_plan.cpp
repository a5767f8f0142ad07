// Tests of how a convolution of volumes becomes convolutions of images.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/volume_plan.h"

#include <doctest/doctest.h>

#include <set>
#include <tuple>

namespace dl {
namespace {

ConvShapes volume(std::array<int64_t, 3> size, int64_t stride, int64_t pad, int64_t depth, int64_t channels,
                  int64_t groups = 1) {
  Window w{.rank = 3,
           .size = size,
           .stride = {stride, stride, stride},
           .pad_before = {pad, pad, pad},
           .pad_after = {pad, pad, pad}};
  const Shape x{2, depth, 6, 7, channels};
  return {.window = w,
          .groups = groups,
          .x = x,
          .weight = {channels, channels / groups, size[0], size[1], size[2]},
          .y = {2, w.output(0, depth), w.output(1, 6), w.output(2, 7), channels}};
}

TEST_CASE("every plane made meets each of its taps along the depth once, forward and backward") {
  for (const int64_t size : {2, 3, 5, 20})
    for (const int64_t stride : {1, 2, 3})
      for (const int64_t channels : {1, 4})
        for (const int64_t groups : {int64_t{1}, channels})
          for (const bool backward : {false, true}) {
            const ConvShapes conv = volume({size, 2, 3}, stride, 1, 23, channels, groups);
            CAPTURE(conv.window.text());
            CAPTURE(groups);
            CAPTURE(backward);
            std::set<std::tuple<int64_t, int64_t, int64_t>> wanted, found;  // (plane of x, tap, plane of y)
            for (int64_t y = 0; y < conv.y[1]; ++y)
              for (int64_t k = 0; k < size; ++k)
                if (const int64_t x = y * stride - 1 + k; x >= 0 && x < conv.x[1]) wanted.emplace(x, k, y);
            const VolumePlan plan = plan_volume(conv, backward, DType::f32, true);
            size_t times = 0;
            for (const VolumePlan::Phase& phase : plan.phases) {
              CHECK(phase.planes == 2 * phase.depth.count);
              CHECK(phase.together >= 1);
              CHECK(phase.together <= phase.planes);
              CHECK(phase.direct == (phase.depth.stride == 1));
              for (const JoinedTaps& joined : phase.joined) {
                CHECK(joined.taps() <= (groups > 1 ? 1 : 8));
                for (int64_t q = 0; q < phase.depth.count; ++q)
                  for (int64_t tap = joined.begin; tap < joined.end; ++tap) {
                    const int64_t read = q * phase.depth.step + phase.depth.first + tap * phase.depth.gap;
                    const int64_t made = phase.depth.begin + q * phase.depth.stride;
                    if (read < 0 || read >= (backward ? conv.y : conv.x)[1]) continue;
                    const int64_t k = phase.depth.kernel[static_cast<size_t>(tap)];
                    found.emplace(backward ? made : read, k, backward ? read : made);
                    ++times;
                  }
              }
            }
            CHECK(found == wanted);
            CHECK(times == found.size());
          }
}

TEST_CASE("weights of joined taps lie apart, and what is gathered holds the largest chunk") {
  for (const DType pixels : {DType::f32, DType::bf16}) {
    const ConvShapes conv = volume({20, 3, 3}, 2, 1, 40, 16);
    const VolumePlan plan = plan_volume(conv, false, pixels, false);
    const int64_t of_tap = conv.weight.elements() / 20;
    int64_t end = 0;
    for (const VolumePlan::Phase& phase : plan.phases) {
      CHECK(phase.joined.size() == 3);
      for (const JoinedTaps& joined : phase.joined) {
        CHECK(joined.weight_at >= end);
        CHECK(joined.weight_at % 32 == 0);
        end = joined.weight_at + joined.taps() * of_tap;
        CHECK(plan.gathered_elements >= phase.together * joined.taps() * 6 * 7 * 16);
      }
      CHECK(plan.sums_floats >= phase.together * conv.y[2] * conv.y[3] * 16);
      CHECK(plan.more_floats == plan.sums_floats);
    }
    CHECK(plan.weight_elements >= end);
  }
}

TEST_CASE("chunks of planes take a few megabytes, or a few times the weights") {
  ConvShapes conv = volume({3, 3, 3}, 1, 1, 64, 64);
  conv.x = conv.y = {4, 64, 64, 64, 64};
  const VolumeGradWeightPlan small = plan_volume_grad_weight(conv, DType::f32);
  CHECK(small.planes == 256);
  CHECK(small.gathered_elements * 4 <= 8 << 20);
  CHECK(small.gathered_elements * 4 > 4 << 20);
  conv.weight = {4096, 64, 3, 3, 3};
  const VolumeGradWeightPlan wide = plan_volume_grad_weight(conv, DType::f32);
  CHECK(wide.together > small.together);
  CHECK(wide.part_floats == conv.weight.elements());
}

TEST_CASE("planes under taps are images with more channels, on the side that is read") {
  const ConvShapes conv = volume({3, 2, 3}, 1, 0, 9, 6, 2);
  const ConvShapes forward = images_of_planes(conv, 5, 3, false), backward = images_of_planes(conv, 5, 3, true);
  CHECK(forward.x == Shape{5, 6, 7, 18});
  CHECK(forward.weight == Shape{6, 9, 2, 3});
  CHECK(forward.y == Shape{5, 5, 5, 6});
  CHECK(backward.x == Shape{5, 6, 7, 6});
  CHECK(backward.weight == Shape{18, 3, 2, 3});
  CHECK(backward.y == Shape{5, 5, 5, 18});
  CHECK(forward.window.rank == 2);
  CHECK(forward.window.size[0] == 2);
  CHECK(forward.window.size[1] == 3);
}

}  // namespace
}  // namespace dl
