// Tests of how a window that slides over images is planned: by shapes and the width of vectors alone.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/correlation_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace dl {
namespace {

Window window(int64_t size, int64_t stride, int64_t pad, int64_t dilation = 1) {
  return {.size = {size, size},
          .stride = {stride, stride},
          .pad_before = {pad, pad},
          .pad_after = {pad, pad},
          .dilation = {dilation, dilation}};
}

CorrelationGeometry forward(const Window& w, int64_t images, int64_t size, int64_t in, int64_t out,
                            int64_t groups = 1) {
  return {.images = images,
          .in_height = size,
          .in_width = size,
          .in_channels = in,
          .out_height = w.output(0, size),
          .out_width = w.output(1, size),
          .out_channels = out,
          .groups = groups,
          .rows = forward_phases(w, 0, size),
          .columns = forward_phases(w, 1, size),
          .kernel_height = w.size[0],
          .kernel_width = w.size[1]};
}

// (position of x, weight, position of y), of all that meet.
using Meeting = std::set<std::tuple<int64_t, int64_t, int64_t>>;

Meeting meetings(const Window& w, int64_t input) {
  Meeting all;
  for (int64_t y = 0; y < w.output(0, input); ++y)
    for (int64_t k = 0; k < w.size[0]; ++k)
      if (const int64_t x = y * w.stride[0] - w.pad_before[0] + k * w.dilation[0]; x >= 0 && x < input)
        all.emplace(x, k, y);
  return all;
}

// Calls f(position made, weight, position read) for each.
template <class F>
void each_tap(const std::vector<AxisPhase>& phases, int64_t read, F f) {
  for (const AxisPhase& p : phases)
    for (int64_t q = 0; q < p.count; ++q)
      for (int64_t t = 0; t < p.taps(); ++t)
        if (const int64_t at = q * p.step + p.first + t * p.gap; at >= 0 && at < read)
          f(p.begin + q * p.stride, p.kernel[static_cast<size_t>(t)], at);
}

TEST_CASE("the phases of an axis have each input and weight that an output is made of once, and so for the gradient") {
  for (const int64_t input : {1, 5, 8, 13})
    for (const int64_t size : {1, 2, 3, 5})
      for (const int64_t stride : {1, 2, 3})
        for (const int64_t dilation : {1, 2, 3})
          for (const int64_t pad : {0, 1, 2}) {
            const Window w = window(size, stride, pad, dilation);
            if ((size - 1) * dilation + 1 > input + 2 * pad) continue;
            CAPTURE(w.text());
            CAPTURE(input);
            size_t times = 0;
            Meeting found;
            each_tap(forward_phases(w, 0, input), input, [&](int64_t y, int64_t k, int64_t x) {
              found.emplace(x, k, y);
              ++times;
            });
            CHECK(found == meetings(w, input));
            CHECK(times == found.size());
            found.clear();
            times = 0;
            each_tap(backward_phases(w, 0, input), w.output(0, input), [&](int64_t x, int64_t k, int64_t y) {
              found.emplace(x, k, y);
              ++times;
            });
            CHECK(found == meetings(w, input));
            CHECK(times == found.size());
          }
}

TEST_CASE("weights are packed beside each other, each tap in a place of its own") {
  for (const CorrelationGeometry& g :
       {forward(window(3, 1, 1), 4, 9, 5, 33), forward(window(4, 3, 2), 2, 20, 6, 18, 3),
        forward(window(5, 1, 2), 3, 8, 20, 20, 20), forward(window(5, 1, 2), 2, 24, 3, 6)}) {
    const CorrelationPlan p = plan_correlation(g, {});
    std::map<int64_t, int64_t> taken;  // begins and ends
    for (const TapPlace& place : p.places) {
      const auto at = place.offset * 1'000'000 + place.row;
      CHECK(taken.emplace(at, at + p.in_of_group).second);
      CHECK(place.row + p.in_of_group <= place.depth);
    }
    int64_t end = 0;
    for (const auto& [begin, its_end] : taken) {
      CHECK(begin >= end);
      end = its_end;
    }
  }
}

TEST_CASE("blocks of rows stay in cache, of whole images where several do") {
  struct Case {
    const char* what;
    CorrelationGeometry g;
    int64_t neighbours, groups, left, right, block_rows;
    bool each_channel;
  };
  const Case cases[] = {
      {"an image a block", forward(window(3, 1, 1), 64, 32, 16, 16), 1, 1, 1, 1, 32, false},
      {"even parts of an image", forward(window(3, 1, 1), 8, 64, 64, 64), 1, 1, 1, 1, 4, false},
      {"several images", forward(window(3, 1, 0), 256, 6, 8, 16), 1, 1, 0, 0, 32, false},
      {"each channel by itself", forward(window(3, 1, 1), 2, 8, 20, 20, 20), 1, 1, 1, 1, 8, true},
      {"groups", forward(window(3, 2, 1), 2, 9, 6, 9, 3), 1, 3, 1, 1, 5, false},
      {"outputs of few channels, two as one", forward(window(5, 1, 2), 7, 28, 1, 6), 2, 1, 2, 2, 7, false}};
  for (const Case& c : cases) {
    CAPTURE(std::string(c.what));
    const CorrelationPlan p = plan_correlation(c.g, {});
    CHECK(p.neighbours == c.neighbours);
    CHECK(p.groups == c.groups);
    CHECK(p.each_channel == c.each_channel);
    CHECK(p.reach.left == c.left);
    CHECK(p.reach.right == c.right);
    CHECK(p.block_rows == c.block_rows);
    CHECK(p.staged == (p.stage_floats > 0));
    CHECK(p.blocks * p.block_rows >= p.g.images * p.g.out_height);
    CHECK((p.blocks - 1) * p.block_rows < p.g.images * p.g.out_height);
  }
}

TEST_CASE("places of many small images make strips, as many images as the cache holds for every thread") {
  const CorrelationGeometry small = forward(window(3, 1, 1), 128, 2, 512, 512);
  const CorrelationPlan p = plan_correlation(small, {.l2_bytes = 2 << 20}),
                        shared = plan_correlation(small, {.threads = 4, .l2_bytes = 2 << 20}),
                        less = plan_correlation(small, {.l2_bytes = 128 << 10});
  for (const CorrelationPlan* plan : {&p, &shared, &less}) {
    CHECK(plan->by_images);
    CHECK_FALSE(plan->staged);
    CHECK(plan->chunk_rows == 2 * 8);  // follows from the shapes: sums of an epilogue do
    CHECK(plan->block_rows % plan->chunk_rows == 0);
    CHECK(plan->block_rows == 2 * plan->strip_rows);
    CHECK(plan->image_floats > 2 * 2 * 512);
    CHECK(plan->image_floats / 16 % 2 == 1);
    CHECK(plan->stage_floats == plan->strip_rows * plan->image_floats);
  }
  CHECK(p.strip_rows == 56);
  CHECK(shared.strip_rows == 32);
  CHECK(less.strip_rows == 8);

  CHECK(plan_correlation(forward(window(3, 2, 1), 64, 4, 64, 64), {}).by_images);
  CHECK(plan_correlation(forward(window(3, 1, 1), 64, 2, 64, 64, 2), {}).by_images);
  CHECK_FALSE(plan_correlation(forward(window(3, 1, 1), 64, 14, 64, 64), {}).by_images);     // rows make good strips
  CHECK_FALSE(plan_correlation(forward(window(3, 1, 1), 64, 2, 8, 64), {}).by_images);       // hardly any depth
  CHECK_FALSE(plan_correlation(forward(window(3, 1, 1), 64, 2, 64, 64, 64), {}).by_images);  // each channel by itself
  CHECK_FALSE(plan_correlation(forward(window(3, 1, 1), 1, 2, 64, 64), {}).by_images);       // one image
}

TEST_CASE("threads share blocks of rows, or their columns where blocks are too few") {
  const auto parts = [](const CorrelationGeometry& g, int threads) {
    const CorrelationPlan p = plan_correlation(g, {.threads = threads});
    CHECK(p.row_parts * p.column_parts == threads);
    return p.column_parts;
  };
  const CorrelationGeometry one_block = forward(window(3, 1, 1), 1, 7, 512, 512);
  CHECK(parts(one_block, 1) == 1);
  CHECK(parts(one_block, 2) == 2);
  CHECK(parts(one_block, 8) == 8);
  CHECK(parts(forward(window(3, 2, 1), 1, 28, 128, 256), 2) == 2);   // three blocks
  CHECK(parts(forward(window(3, 1, 1), 16, 28, 128, 256), 4) == 1);  // more than enough of them
  CHECK(parts(forward(window(3, 1, 1), 4, 7, 64, 512), 8) == 2);     // four blocks for eight threads
  CHECK(parts(forward(window(3, 2, 1), 1, 14, 96, 96, 3), 2) == 2);  // in groups
  CHECK(parts(forward(window(3, 2, 1), 1, 14, 16, 16), 4) == 1);     // one panel, which cannot be cut
}

TEST_CASE("in bf16 the depth comes in few ranges: whole windows where their rows are short, else rows, else taps") {
  const Bf16CorrelationPlan whole = plan_bf16_correlation(forward(window(3, 1, 1), 4, 12, 3, 20), 16);
  CHECK(whole.whole_window);
  CHECK(whole.phases[0].outer == 1);
  CHECK(whole.phases[0].inner == 1);
  CHECK(whole.phases[0].range == 27);
  CHECK(whole.window_elements == 28);
  const Bf16CorrelationPlan rows = plan_bf16_correlation(forward(window(3, 1, 1), 4, 12, 16, 20), 16);
  CHECK(!rows.whole_window);
  CHECK(rows.phases[0].outer == 3);
  CHECK(rows.phases[0].inner == 1);
  CHECK(rows.phases[0].range == 48);
  const Bf16CorrelationPlan taps = plan_bf16_correlation(forward(window(3, 1, 1), 4, 12, 16, 20, 2), 16);
  CHECK(taps.phases[0].outer == 3);
  CHECK(taps.phases[0].inner == 3);
  CHECK(taps.phases[0].range == 8);
  CHECK(taps.packed_of_group == 16 * 3 * 3 * 8);
}

}  // namespace
}  // namespace dl
