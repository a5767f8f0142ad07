// The gradient of a convolution of bf16 with respect to its weight: a matrix product whose depth is the pixels, two
// neighbouring outputs of a row at a time.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/bf16_conv2d.h"
#include "lib/device/cpu/grad_weight_plan.h"
#include "lib/device/cpu/simd/bf16/conv.h"

namespace dl {
namespace {

class Bf16GradWeight final : public Kernel {
 public:
  Bf16GradWeight(const ConvShapes& conv, CpuDevice& device)
      : device_(device),
        strips_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_strip_kernels)),
        pairs_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_conv_kernels)),
        p_(plan_bf16_grad_weight(conv, strips_.lanes)),
        parts_at_(scratch_.floats(p_.units.chunks * p_.units.chunk_floats)),
        threads_at_(scratch_.floats(p_.thread_elements / 2 * device.team().size())) {}

  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const auto* x = static_cast<const uint16_t*>(in[0]);
    const auto* dy = static_cast<const uint16_t*>(in[1]);
    float* parts = floats_at(scratch, parts_at_);
    ThreadTeam& team = device_.team();
    team.run([&](int thread) {
      auto* own = reinterpret_cast<uint16_t*>(floats_at(scratch, threads_at_)) + thread * p_.thread_elements;
      const Range mine = split(p_.units.count(), team.size(), thread);
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const Block block = block_of(p_.units.unit(i), own);
        run_block(block, x, dy, parts + block.unit.part_at);
      }
    });
    p_.units.add_chunks(parts, static_cast<float*>(out[0]), device_);
  }

 private:
  // A unit and its thread's memory.
  struct Block {
    WeightUnits::Unit unit;
    int64_t x_width, dy_width;  // elements of a pixel, as they are laid out
    int64_t x_row;              // of a row of the input
    int64_t x_image, dy_image;  // of the rows of an image that are laid out at a time
    uint16_t *x, *dy, *zeros, *padded;
  };

  Block block_of(const WeightUnits::Unit& unit, uint16_t* own) const {
    Block b{.unit = unit};
    b.x_width = p_.whole_rows ? p_.x_columns : unit.in.end - unit.in.begin;
    b.dy_width = round_up(unit.out.end - unit.out.begin, strips_.lanes);
    b.x_row = std::ssize(p_.starts) * p_.track_pairs * b.x_width * 2;
    b.x_image = ((p_.row_step - 1) * p_.window.stride[0] + p_.reach()) * b.x_row;
    b.dy_image = p_.row_step * ceil_div(p_.sizes.out_width, 2) * b.dy_width * 2;
    b.x = own;
    b.dy = b.x + p_.x_elements;
    b.zeros = b.dy + p_.dy_elements;
    b.padded = b.zeros + p_.zeros;
    return b;
  }

  void run_block(const Block& block, const uint16_t* x, const uint16_t* dy, float* part) const {
    const ImageSizes& s = p_.sizes;
    std::fill_n(block.zeros, p_.zeros, uint16_t{0});
    p_.units.clear(block.unit, part);
    for (int64_t image = block.unit.images.begin; image < block.unit.images.end; image += p_.image_step) {
      const int64_t images = std::min(p_.image_step, block.unit.images.end - image);
      for (int64_t row = 0; row < s.out_height; row += p_.row_step) {
        const Range rows{row, std::min(row + p_.row_step, s.out_height)};
        for (int64_t i = 0; i < images; ++i) {
          pair_dy(block, rows, dy + (image + i) * s.out_elements(), block.dy + i * block.dy_image);
          pair_x(block, rows, x + (image + i) * s.elements(), block.x + i * block.x_image);
        }
        multiply(block, images, rows.end - rows.begin, part);
      }
    }
  }

  void pair_dy(const Block& block, Range rows, const uint16_t* dy, uint16_t* to) const {
    const ImageSizes& s = p_.sizes;
    const Range out = block.unit.out;
    const int64_t n = out.end - out.begin, width = block.dy_width;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      const uint16_t* from =
          dy + row * s.out_width * s.out_channels + block.unit.group * p_.units.out_of_group + out.begin;
      for (int64_t q = 0; q < s.out_width; q += 2, to += 2 * width) {
        const uint16_t* next = q + 1 < s.out_width ? from + (q + 1) * s.out_channels : block.zeros;
        pairs_.pair(from + q * s.out_channels, next, n, to);
        std::fill_n(to + 2 * n, 2 * (width - n), uint16_t{0});
      }
    }
  }

  // The input rows under the output's, each as all its tracks.
  void pair_x(const Block& block, Range rows, const uint16_t* x, uint16_t* to) const {
    const ImageSizes& s = p_.sizes;
    const int64_t stride = p_.window.stride[0], top = rows.begin * stride - p_.window.pad_before[0];
    const int64_t end = top + (rows.end - rows.begin - 1) * stride + p_.reach();
    for (int64_t row = top; row < end; ++row, to += block.x_row) {
      if (row < 0 || row >= s.height) {
        std::fill_n(to, block.x_row, uint16_t{0});
      } else if (p_.whole_rows) {
        pair_windows(block, x + row * s.width * s.channels, to);
      } else {
        pair_tracks(block,
                    x + row * s.width * s.channels + block.unit.group * p_.units.in_of_group + block.unit.in.begin, to);
      }
    }
  }

  void pair_windows(const Block& block, const uint16_t* x, uint16_t* to) const {
    const ImageSizes& s = p_.sizes;
    const int64_t left = p_.window.pad_before[1] * s.channels, middle = s.width * s.channels;
    std::fill_n(block.padded, left, uint16_t{0});
    std::memcpy(block.padded + left, x, static_cast<size_t>(middle) * 2);
    std::fill_n(block.padded + left + middle, p_.padded_row - left - middle, uint16_t{0});
    const int64_t step = p_.window.stride[1] * s.channels;
    for (int64_t p = 0; p < p_.track_pairs; ++p, to += 2 * p_.x_columns) {
      const uint16_t* from = block.padded + 2 * p * step;
      pairs_.pair(from, 2 * p + 1 < s.out_width ? from + step : block.zeros, p_.x_columns, to);
    }
  }

  void pair_tracks(const Block& block, const uint16_t* x, uint16_t* to) const {
    const int64_t n = block.x_width, stride = p_.window.stride[1];
    const int64_t width = p_.sizes.width, channels = p_.sizes.channels;
    const auto pixel = [&](int64_t i) { return i < 0 || i >= width ? block.zeros : x + i * channels; };
    for (const int64_t start : p_.starts) {
      for (int64_t p = 0; p < p_.track_pairs; ++p, to += 2 * n) {
        const int64_t first = start + (p_.least + p) * 2 * stride;
        pairs_.pair(pixel(first), pixel(first + stride), n, to);
      }
    }
  }

  void multiply(const Block& block, int64_t images, int64_t rows, float* part) const {
    const Window& w = p_.window;
    const WeightUnits& u = p_.units;
    Bf16Tile t;
    t.a_row = 2;
    t.a_depth = block.x_width;
    t.a_outer = block.x_image;
    t.a_inner = w.stride[0] * block.x_row;
    t.b_depth = block.dy_width;
    t.b_outer = block.dy_image;
    t.b_inner = ceil_div(p_.sizes.out_width, 2) * t.b_depth * 2;
    t.outer = images;
    t.inner = rows;
    t.depth = p_.sizes.out_width;
    t.c_row = u.part_width;
    t.accumulate = true;
    for (int64_t kh = 0; kh < w.size[0]; ++kh) {
      const uint16_t* x = block.x + kh * w.dilation[0] * block.x_row;
      for (int64_t kw = 0; kw < std::ssize(p_.track_of); ++kw) {
        const int64_t pair = p_.whole_rows ? 0 : floor_div(p_.offset(kw), 2 * w.stride[1]) - p_.least;
        t.a = x + (p_.track_of[static_cast<size_t>(kw)] * p_.track_pairs + pair) * block.x_width * 2;
        multiply_panels(block, t, part + ((kh * w.size[1] + kw) * u.in_of_group + block.unit.in.begin) * u.part_width);
      }
    }
  }

  void multiply_panels(const Block& block, Bf16Tile t, float* c) const {
    const Range out = block.unit.out;
    int vectors = 0;
    for (int64_t column = out.begin; column < out.end; column += int64_t{vectors} * strips_.lanes) {
      vectors = strips_.next_vectors(out.end - column, block.x_width);
      const int64_t before_last = int64_t{vectors - 1} * strips_.lanes;
      t.last = static_cast<int>(std::min<int64_t>(out.end - column - before_last, strips_.lanes));
      t.b = block.dy + 2 * (column - out.begin);
      t.c = c + column;
      strips_.run(t, Along::row, block.x_width, vectors);
    }
  }

  CpuDevice& device_;
  const Bf16StripKernels& strips_;
  const Bf16ConvKernels& pairs_;
  const Bf16GradWeightPlan p_;
  ScratchPlan scratch_;
  const int64_t parts_at_, threads_at_;
};

}  // namespace

std::unique_ptr<Kernel> make_bf16_grad_weight(const ConvShapes& conv, CpuDevice& device) {
  return std::make_unique<Bf16GradWeight>(conv, device);
}

}  // namespace dl
