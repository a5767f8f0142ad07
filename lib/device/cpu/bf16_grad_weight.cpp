// The gradient of a convolution of bf16 with respect to its weight: a matrix product whose depth is the pixels, two
// neighbouring outputs of a row at a time. Both operands are laid out in such pairs first, rows that stay in cache.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/bf16_conv2d.h"
#include "lib/device/cpu/simd/bf16/conv.h"

namespace dl {
namespace {

constexpr int64_t block_bytes = 384 * 1024;   // of the pairs of x and dy: stays in the second-level cache
constexpr int64_t block_rows_of_weight = 64;  // input channels, and output channels: their sums stay there too
constexpr int64_t units = 16;                 // pieces of work there should be for the threads
constexpr int64_t few_channels = 12;          // below, a column of the window makes too short a strip

// As in f32 (conv2d_grad_weight.cpp): units are a chunk of the batch with a block of input and output channels; each
// sums its own part of the gradient, [tap, in, out], and the chunks are added in order.
class Bf16GradWeight final : public Kernel {
 public:
  Bf16GradWeight(const ConvShapes& conv, CpuDevice& device)
      : window_(conv.window),
        groups_(conv.groups),
        images_(conv.x[0]),
        height_(conv.x[1]),
        width_(conv.x[2]),
        channels_(conv.x[3]),
        out_height_(conv.y[1]),
        out_width_(conv.y[2]),
        out_channels_(conv.y[3]),
        device_(device),
        strips_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_strip_kernels)),
        pairs_(DL_FOR_BF16(device.isa(), device.bf16_unit(), bf16_conv_kernels)),
        weights_(DL_FOR_ISA(device.isa(), conv_kernels)),
        in_of_group_(channels_ / groups_),
        out_of_group_(out_channels_ / groups_) {
    if (window_.all(window_.size, 1) && window_.all(window_.stride, 1) && out_height_ == height_ &&
        out_width_ == width_) {
      widen_rows();
    }
    part_width_ = round_up(out_of_group_, strips_.lanes);
    part_floats_ = window_.size[0] * window_.size[1] * in_of_group_ * part_width_ * groups_;
    whole_rows_ = groups_ == 1 && window_.dilation[1] == 1 && window_.size[1] > 1 && in_of_group_ < few_channels;
    find_tracks();
    in_blocks_ = whole_rows_ ? 1 : ceil_div(in_of_group_, block_rows_of_weight);
    out_blocks_ = ceil_div(out_of_group_, block_rows_of_weight);
    chunks_ = std::clamp<int64_t>(units / (groups_ * in_blocks_ * out_blocks_), 1, images_);

    x_columns_ = whole_rows_ ? window_.size[1] * in_of_group_ : std::min(in_of_group_, block_rows_of_weight);
    dy_columns_ = round_up(std::min(out_of_group_, block_rows_of_weight), strips_.lanes);
    x_row_ = tracks_ * track_pairs_ * x_columns_ * 2;
    dy_row_ = ceil_div(out_width_, 2) * dy_columns_ * 2;
    row_step_ = std::clamp<int64_t>(block_bytes / 2 / (window_.stride[0] * x_row_ + dy_row_), 1, out_height_);
    padded_row_ =
        (window_.pad_before[1] + std::max(width_, out_width_ * window_.stride[1] + window_.size[1])) * channels_;
    x_elements_ = round_up(((row_step_ - 1) * window_.stride[0] + reach()) * x_row_, 32);
    dy_elements_ = round_up(row_step_ * dy_row_, 32);
    zeros_ = round_up(std::max(x_columns_, dy_columns_), 32);
    thread_elements_ = x_elements_ + dy_elements_ + zeros_ + round_up(padded_row_, 32);
    parts_at_ = plan_.floats(chunks_ * part_floats_);
    threads_at_ = plan_.floats(thread_elements_ / 2 * device.team().size());
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const auto* x = static_cast<const uint16_t*>(in[0]);
    const auto* dy = static_cast<const uint16_t*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    float* parts = floats_at(scratch, parts_at_);
    ThreadTeam& team = device_.team();
    const int64_t blocks = groups_ * in_blocks_ * out_blocks_;
    team.run([&](int thread) {
      auto* own = reinterpret_cast<uint16_t*>(floats_at(scratch, threads_at_)) + thread * thread_elements_;
      const Range mine = split(chunks_ * blocks, team.size(), thread);
      for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
        run_unit(unit / blocks, unit % blocks, x, dy, parts + unit / blocks * part_floats_, own);
      }
    });
    const int64_t taps = window_.size[0] * window_.size[1];
    const int64_t group_part = part_floats_ / groups_;
    team.run([&](int thread) {
      const Range mine = split(groups_ * part_width_, team.size(), thread, strips_.lanes);
      for (int64_t column = mine.begin; column < mine.end; column += strips_.lanes) {
        const int64_t group = column / part_width_, first = column % part_width_;
        weights_.merge_parts(parts + group * group_part, chunks_, part_floats_, part_width_, in_of_group_, taps, first,
                             std::min(first + strips_.lanes, out_of_group_),
                             weight + group * out_of_group_ * in_of_group_ * taps);
      }
    });
  }

 private:
  int64_t reach() const { return (window_.size[0] - 1) * window_.dilation[0] + 1; }

  // A window of one pixel: rows are as long as is good for the tiles.
  void widen_rows() {
    width_ *= height_;
    height_ = 1;
    out_width_ = width_;
    out_height_ = 1;
    for (const int64_t longest = 1024; width_ > longest && width_ % 2 == 0;) {
      width_ /= 2;
      height_ *= 2;
    }
    out_width_ = width_;
    out_height_ = height_;
  }

  // Outputs 2 p and 2 p + 1 read, for tap t, the inputs at offset(t) + 2 p stride and one stride on. A track holds such
  // pairs for one offset modulo 2 strides: taps whose offsets differ by a multiple of that share it.
  int64_t offset(int64_t tap) const { return tap * window_.dilation[1] - window_.pad_before[1]; }
  void find_tracks() {
    const int64_t period = 2 * window_.stride[1];
    int64_t most = 0;
    for (int64_t tap = 0; tap < (whole_rows_ ? 1 : window_.size[1]); ++tap) {
      const int64_t start = offset(tap) - floor_div(offset(tap), period) * period;
      size_t track = 0;
      while (track < starts_.size() && starts_[track] != start) ++track;
      if (track == starts_.size()) starts_.push_back(start);
      track_of_.push_back(static_cast<int64_t>(track));
      least_ = std::min(least_, floor_div(offset(tap), period));
      most = std::max(most, floor_div(offset(tap), period));
    }
    tracks_ = static_cast<int64_t>(starts_.size());
    track_pairs_ = whole_rows_ ? ceil_div(out_width_, 2) : ceil_div(out_width_, 2) + most - least_;
  }

  // The channels of one unit, and its memory.
  struct Block {
    int64_t group = 0;
    Range in, out;
    uint16_t *x = nullptr, *dy = nullptr, *zeros = nullptr, *padded = nullptr;
  };

  void run_unit(int64_t chunk, int64_t index, const uint16_t* x, const uint16_t* dy, float* part, uint16_t* own) const {
    Block block{.group = index / (in_blocks_ * out_blocks_)};
    const int64_t in = index / out_blocks_ % in_blocks_, out = index % out_blocks_;
    block.in = {in * block_rows_of_weight, std::min((in + 1) * block_rows_of_weight, in_of_group_)};
    block.out = {out * block_rows_of_weight, std::min((out + 1) * block_rows_of_weight, out_of_group_)};
    if (whole_rows_) block.in = {0, in_of_group_};
    block.x = own;
    block.dy = block.x + x_elements_;
    block.zeros = block.dy + dy_elements_;
    block.padded = block.zeros + zeros_;
    std::fill_n(block.zeros, zeros_, uint16_t{0});
    part += block.group * (part_floats_ / groups_);
    const int64_t end = std::min(round_up(block.out.end, strips_.lanes), part_width_);
    for (int64_t tap = 0; tap < window_.size[0] * window_.size[1]; ++tap) {
      for (int64_t i = block.in.begin; i < block.in.end; ++i) {
        float* row = part + (tap * in_of_group_ + i) * part_width_;
        std::fill(row + block.out.begin, row + end, 0.0f);
      }
    }
    const Range images = split(images_, chunks_, chunk);
    for (int64_t image = images.begin; image < images.end; ++image) {
      const uint16_t* x_image = x + image * height_ * width_ * channels_;
      const uint16_t* dy_image = dy + image * out_height_ * out_width_ * out_channels_;
      for (int64_t row = 0; row < out_height_; row += row_step_) {
        const Range rows{row, std::min(row + row_step_, out_height_)};
        pair_dy(block, rows, dy_image);
        pair_x(block, rows, x_image);
        multiply(block, rows.end - rows.begin, part);
      }
    }
  }

  void pair_dy(const Block& block, Range rows, const uint16_t* dy) const {
    const int64_t n = block.out.end - block.out.begin, width = padded(block.out);
    uint16_t* to = block.dy;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      const uint16_t* from = dy + row * out_width_ * out_channels_ + block.group * out_of_group_ + block.out.begin;
      for (int64_t q = 0; q < out_width_; q += 2, to += 2 * width) {
        const uint16_t* next = q + 1 < out_width_ ? from + (q + 1) * out_channels_ : block.zeros;
        pairs_.pair(from + q * out_channels_, next, n, to);
        std::fill_n(to + 2 * n, 2 * (width - n), uint16_t{0});
      }
    }
  }

  int64_t padded(Range out) const { return round_up(out.end - out.begin, strips_.lanes); }
  int64_t x_width(const Block& block) const { return whole_rows_ ? x_columns_ : block.in.end - block.in.begin; }
  int64_t x_row(const Block& block) const { return tracks_ * track_pairs_ * x_width(block) * 2; }

  // The input rows under the output's, each as all its tracks.
  void pair_x(const Block& block, Range rows, const uint16_t* x) const {
    const int64_t top = rows.begin * window_.stride[0] - window_.pad_before[0];
    const int64_t end = top + (rows.end - rows.begin - 1) * window_.stride[0] + reach();
    uint16_t* to = block.x;
    for (int64_t row = top; row < end; ++row, to += x_row(block)) {
      if (row < 0 || row >= height_) {
        std::fill_n(to, x_row(block), uint16_t{0});
      } else if (whole_rows_) {
        pair_windows(block, x + row * width_ * channels_, to);
      } else {
        pair_tracks(block, x + row * width_ * channels_ + block.group * in_of_group_ + block.in.begin, to);
      }
    }
  }

  void pair_windows(const Block& block, const uint16_t* x, uint16_t* to) const {
    const int64_t left = window_.pad_before[1] * channels_, middle = width_ * channels_;
    std::fill_n(block.padded, left, uint16_t{0});
    std::memcpy(block.padded + left, x, static_cast<size_t>(middle) * 2);
    std::fill_n(block.padded + left + middle, padded_row_ - left - middle, uint16_t{0});
    const int64_t step = window_.stride[1] * channels_;
    for (int64_t p = 0; p < track_pairs_; ++p, to += 2 * x_columns_) {
      const uint16_t* from = block.padded + 2 * p * step;
      pairs_.pair(from, 2 * p + 1 < out_width_ ? from + step : block.zeros, x_columns_, to);
    }
  }

  void pair_tracks(const Block& block, const uint16_t* x, uint16_t* to) const {
    const int64_t n = x_width(block), stride = window_.stride[1];
    const auto pixel = [&](int64_t i) { return i < 0 || i >= width_ ? block.zeros : x + i * channels_; };
    for (const int64_t start : starts_) {
      for (int64_t p = 0; p < track_pairs_; ++p, to += 2 * n) {
        const int64_t first = start + (least_ + p) * 2 * stride;
        pairs_.pair(pixel(first), pixel(first + stride), n, to);
      }
    }
  }

  void multiply(const Block& block, int64_t rows, float* part) const {
    Bf16Tile t;
    t.a_row = 2;
    t.a_depth = x_width(block);
    t.a_outer = window_.stride[0] * x_row(block);
    t.b_depth = padded(block.out);
    t.b_outer = ceil_div(out_width_, 2) * t.b_depth * 2;
    t.outer = rows;
    t.depth = out_width_;
    t.c_row = part_width_;
    t.accumulate = true;
    for (int64_t kh = 0; kh < window_.size[0]; ++kh) {
      const uint16_t* x = block.x + kh * window_.dilation[0] * x_row(block);
      for (int64_t kw = 0; kw < (whole_rows_ ? 1 : window_.size[1]); ++kw) {
        const int64_t pair = whole_rows_ ? 0 : floor_div(offset(kw), 2 * window_.stride[1]) - least_;
        t.a = x + (track_of_[static_cast<size_t>(kw)] * track_pairs_ + pair) * x_width(block) * 2;
        float* c = part + ((kh * window_.size[1] + kw) * in_of_group_ + block.in.begin) * part_width_;
        int vectors = 0;
        for (int64_t column = block.out.begin; column < block.out.end; column += int64_t{vectors} * strips_.lanes) {
          vectors = strips_.next_vectors(block.out.end - column, x_width(block));
          const int64_t before_last = int64_t{vectors - 1} * strips_.lanes;
          t.last = static_cast<int>(std::min<int64_t>(block.out.end - column - before_last, strips_.lanes));
          t.b = block.dy + 2 * (column - block.out.begin);
          t.c = c + column;
          strips_.run(t, Along::row, x_width(block), vectors);
        }
      }
    }
  }

  const Window window_;
  const int64_t groups_, images_;
  int64_t height_, width_, channels_, out_height_, out_width_, out_channels_;
  CpuDevice& device_;
  const Bf16StripKernels& strips_;
  const Bf16ConvKernels& pairs_;
  const ConvKernels& weights_;
  const int64_t in_of_group_, out_of_group_;
  bool whole_rows_ = false;                 // a whole row of the window makes one strip
  std::vector<int64_t> starts_, track_of_;  // of a track; of a tap
  int64_t tracks_ = 1, track_pairs_ = 0, least_ = 0;
  int64_t in_blocks_ = 1, out_blocks_ = 1, chunks_ = 1, row_step_ = 1;
  int64_t x_columns_ = 0, dy_columns_ = 0, x_row_ = 0, dy_row_ = 0, padded_row_ = 0;
  int64_t part_width_ = 0, part_floats_ = 0;
  int64_t x_elements_ = 0, dy_elements_ = 0, zeros_ = 0, thread_elements_ = 0;
  ScratchPlan plan_;
  int64_t parts_at_ = 0, threads_at_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_bf16_grad_weight(const ConvShapes& conv, CpuDevice& device) {
  return std::make_unique<Bf16GradWeight>(conv, device);
}

}  // namespace dl
