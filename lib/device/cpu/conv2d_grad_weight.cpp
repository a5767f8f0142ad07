// The gradient of a convolution with respect to its weight: a matrix product whose depth is the pixels, read in place.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/bf16_conv2d.h"
#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/grad_weight_plan.h"
#include "lib/device/cpu/point_grad_weight.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/strip.h"
#include "lib/device/cpu/winograd_grad_weight.h"

namespace dl {
namespace {

// Output positions for which tap `first + position * step` lies inside [0, input).
Range inside(int64_t first, int64_t step, int64_t input, int64_t positions) {
  const int64_t begin = std::max<int64_t>(ceil_div(-first, step), 0);
  return {begin, std::max(std::min(floor_div(input - 1 - first, step) + 1, positions), begin)};
}

class GradWeight final : public Kernel {
 public:
  GradWeight(const ConvShapes& conv, CpuDevice& device)
      : device_(device),
        strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
        p_(plan_grad_weight(conv, strips_.lanes)),
        parts_at_(scratch_.floats(p_.units.chunks * p_.units.chunk_floats)),
        joined_at_(scratch_.floats(p_.joined_floats)),
        stages_at_(scratch_.floats(p_.stage_floats * device.team().size())) {}

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const float* x = static_cast<const float*>(in[0]);
    const float* dy = static_cast<const float*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    float* parts = floats_at(scratch, parts_at_);
    ThreadTeam& team = device_.team();
    team.run([&](int thread) {
      float* stage = floats_at(scratch, stages_at_) + thread * p_.stage_floats;
      const Range mine = split(p_.units.count(), team.size(), thread);
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const WeightUnits::Unit unit = p_.units.unit(i);
        run_unit(unit, x, dy, parts + unit.part_at, stage);
      }
    });
    if (p_.neighbours > 1) return add_neighbours(parts, floats_at(scratch, joined_at_), weight);
    p_.units.add_chunks(parts, weight, device_);
  }

 private:
  using Unit = WeightUnits::Unit;

  // Adds up what each of the neighbours gives to a weight, over all chunks.
  void add_neighbours(const float* parts, float* joined, float* weight) const {
    const Window& w = p_.window;
    const int64_t step = w.stride[1] / p_.neighbours, width = w.size[1] - (p_.neighbours - 1) * step;
    const int64_t channels = p_.sizes.channels, out = p_.own_channels(), taps = w.size[0] * width;
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t in = 0; in < channels; ++in) {
        float* sum = joined + (tap * channels + in) * strips_.lanes;
        std::fill_n(sum, strips_.lanes, 0.0f);
        for (int64_t chunk = 0; chunk < p_.units.chunks; ++chunk) {
          for (int64_t k = 0; k < p_.neighbours; ++k) {
            const int64_t wide_tap = tap / width * w.size[1] + tap % width + k * step;
            const float* from =
                parts + chunk * p_.units.chunk_floats + (wide_tap * channels + in) * p_.units.part_width + k * out;
            for (int64_t o = 0; o < out; ++o) sum[o] += from[o];
          }
        }
      }
    }
    DL_FOR_ISA(device_.isa(), conv_kernels).merge_parts(joined, 1, 0, strips_.lanes, channels, taps, 0, out, weight);
  }

  // Rows of one image of the input from row `first` on.
  struct ImageRows {
    const float* data = nullptr;
    int64_t first = 0;
  };

  void run_unit(const Unit& unit, const float* x, const float* dy, float* part, float* stage) const {
    const ImageSizes& s = p_.sizes;
    p_.units.clear(unit, part);
    for (int64_t image = unit.images.begin; image < unit.images.end; image += p_.image_step) {
      const int64_t images = std::min(p_.image_step, unit.images.end - image);
      const float* dy_image = dy + image * s.out_elements();
      for (int64_t row = 0; row < s.out_height; row += p_.row_step) {
        const Range rows{row, std::min(row + p_.row_step, s.out_height)};
        ImageRows x_rows{x + image * s.elements()};
        if (p_.staged) x_rows = stage_rows(x_rows.data, rows, stage);
        for (int64_t kh = 0; kh < p_.window.size[0]; ++kh) run_tap_row(unit, kh, images, rows, x_rows, dy_image, part);
      }
    }
  }

  // The input rows under `rows` of the output, with zeros beside them.
  ImageRows stage_rows(const float* x_image, Range rows, float* stage) const {
    const ImageSizes& s = p_.sizes;
    const int64_t stride = p_.window.stride[0], top = rows.begin * stride - p_.window.pad_before[0];
    const int64_t begin = std::clamp<int64_t>(top, 0, s.height);
    const int64_t end = std::clamp<int64_t>(top + (rows.end - 1 - rows.begin) * stride + p_.reach(), begin, s.height);
    const int64_t left = p_.left * s.channels, middle = s.width * s.channels, right = p_.right * s.channels;
    float* to = stage;
    for (int64_t row = begin; row < end; ++row, to += p_.row_floats) {
      std::fill_n(to, left, 0.0f);
      std::memcpy(to + left, x_image + row * middle, static_cast<size_t>(middle) * sizeof(float));
      std::fill_n(to + left + middle, right, 0.0f);
    }
    return {stage, begin};
  }

  // Adds what `rows` of so many images give to the weights of the window's row kh.
  void run_tap_row(const Unit& unit, int64_t kh, int64_t images, Range rows, const ImageRows& x, const float* dy_image,
                   float* part) const {
    const ImageSizes& s = p_.sizes;
    const Window& w = p_.window;
    const WeightUnits& u = p_.units;
    const int64_t top = kh * w.dilation[0] - w.pad_before[0];
    const Range valid = inside(top, w.stride[0], s.height, s.out_height);
    const Range q{std::max(rows.begin, valid.begin), std::min(rows.end, valid.end)};
    if (q.empty()) return;
    Tile t;
    t.a_row = 1;
    t.a_outer = s.elements();
    t.a_inner = w.stride[0] * p_.row_floats;
    t.a_depth = w.stride[1] * s.channels;
    t.b_outer = s.out_elements();
    t.b_inner = s.out_width * s.out_channels;
    t.b_depth = s.out_channels;
    t.outer = images;
    t.inner = q.end - q.begin;
    t.c_row = u.part_width;
    t.accumulate = true;
    const float* x_row = x.data + (q.begin * w.stride[0] + top - x.first) * p_.row_floats;
    const float* dy_row = dy_image + q.begin * t.b_inner + unit.group * u.out_of_group;
    float* part_row = part + kh * w.size[1] * u.in_of_group * u.part_width;
    if (p_.side_by_side) {
      t.a = x_row;
      t.b = dy_row;
      t.c = part_row;
      t.depth = s.out_width;
      if (p_.each_channel) t.a_row = w.dilation[1] * s.channels;
      run_panels(unit.out, t, w.size[1] * u.in_of_group);
      return;
    }
    for (int64_t kw = 0; kw < w.size[1]; ++kw) {
      const int64_t side = kw * w.dilation[1] - w.pad_before[1];
      const Range columns = inside(side, w.stride[1], s.width, s.out_width);
      if (columns.empty()) continue;
      t.a = x_row + (columns.begin * w.stride[1] + side) * s.channels + unit.group * u.in_of_group + unit.in.begin;
      t.b = dy_row + columns.begin * s.out_channels;
      t.c = part_row + (kw * u.in_of_group + unit.in.begin) * u.part_width;
      t.depth = columns.end - columns.begin;
      run_panels(unit.out, t, unit.in.end - unit.in.begin);
    }
  }

  void run_panels(Range out, Tile t, int64_t strip_rows) const {
    const float* a = t.a;
    const float* b = t.b;
    float* c = t.c;
    int vectors = 0;
    for (int64_t column = out.begin; column < out.end; column += int64_t{vectors} * strips_.lanes) {
      vectors = strips_.next_vectors(out.end - column, strip_rows);
      const int64_t before_last = int64_t{vectors - 1} * strips_.lanes;
      t.last = static_cast<int>(std::min<int64_t>(out.end - column - before_last, strips_.lanes));
      t.b = b + column;
      t.c = c + column;
      if (p_.each_channel) {
        t.a = a + column;
        strips_.run_each(t, true, strip_rows, vectors);
      } else {
        strips_.run(t, t.last < strips_.lanes ? Along::row_masked : Along::row, strip_rows, vectors);
      }
    }
  }

  CpuDevice& device_;
  const StripKernels& strips_;
  const GradWeightPlan p_;
  ScratchPlan scratch_;
  const int64_t parts_at_, joined_at_, stages_at_;
};

}  // namespace

std::unique_ptr<Kernel> make_conv2d_grad_weight(const ConvShapes& conv, DType pixels, CpuDevice& device) {
  const WinogradTiles tiles = WinogradTiles::of(conv.window, conv.x, conv.y);
  if (winograd_pays(conv.window, conv.groups, tiles, pixels, device)) {
    return make_winograd_grad_weight(tiles, pixels, device);
  }
  if (pixels == DType::bf16) return make_bf16_grad_weight(conv, device);
  if (is_point_grad_weight(conv)) return make_point_grad_weight(conv, device);
  return std::make_unique<GradWeight>(conv, device);
}

}  // namespace dl
