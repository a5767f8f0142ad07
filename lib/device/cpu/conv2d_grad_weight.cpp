// The gradient of a convolution with respect to its weight: a matrix product whose depth is the pixels, read in place.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/bf16_conv2d.h"
#include "lib/device/cpu/conv2d.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/few_columns.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/strip.h"
#include "lib/device/cpu/winograd_grad_weight.h"

namespace dl {
namespace {

constexpr int64_t block_bytes = 384 * 1024;   // of x and dy together: stays in the second-level cache
constexpr int64_t block_rows_of_weight = 64;  // input channels, and output channels: their sums stay there too
constexpr int64_t units = 16;                 // pieces of work there should be for the threads
constexpr int64_t few_channels = 12;          // below, a column of the window makes too short a strip

// Output positions for which tap `first + position * step` lies inside [0, input).
Range inside(int64_t first, int64_t step, int64_t input, int64_t positions) {
  const int64_t begin = std::max<int64_t>(ceil_div(-first, step), 0);
  return {begin, std::max(std::min(floor_div(input - 1 - first, step) + 1, positions), begin)};
}

// The work is cut into units: a chunk of the batch with a block of input and output channels. How depends on shapes
// only. Each unit sums its own part of the gradient, [tap, in, out]; then the chunks are added in order.
class GradWeight final : public Kernel {
 public:
  GradWeight(const ConvShapes& conv, CpuDevice& device)
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
        strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
        weights_(DL_FOR_ISA(device.isa(), conv_kernels)) {
    if (window_.all(window_.size, 1) && window_.all(window_.stride, 1) && out_height_ == height_ &&
        out_width_ == width_) {  // one long row of pixels
      width_ *= height_;
      out_width_ = width_;
      height_ = out_height_ = 1;
    }
    join_neighbours();
    each_channel_ = groups_ > 1 && groups_ == channels_ && groups_ == out_channels_;
    in_of_group_ = channels_ / groups_;
    if (each_channel_) groups_ = 1;
    out_of_group_ = out_channels_ / groups_;
    part_width_ = round_up(out_of_group_, strips_.lanes);
    part_floats_ = window_.size[0] * window_.size[1] * in_of_group_ * part_width_ * groups_;

    side_by_side_ = each_channel_ ||
                    (groups_ == 1 && window_.dilation[1] == 1 && window_.size[1] > 1 && in_of_group_ < few_channels);
    if (side_by_side_) {
      left_ = window_.pad_before[1];
      right_ = std::max<int64_t>(
          (out_width_ - 1) * window_.stride[1] - left_ + (window_.size[1] - 1) * window_.dilation[1] + 1 - width_, 0);
    }
    row_floats_ = (left_ + width_ + right_) * channels_;
    staged_ = left_ > 0 || right_ > 0;

    in_blocks_ = side_by_side_ ? 1 : ceil_div(in_of_group_, block_rows_of_weight);
    out_blocks_ = ceil_div(out_of_group_, block_rows_of_weight);
    const int64_t blocks = groups_ * in_blocks_ * out_blocks_;
    chunks_ = std::clamp<int64_t>(units / blocks, 1, images_);
    const int64_t row_bytes = 4 * (window_.stride[0] * row_floats_ + out_width_ * out_channels_);
    row_step_ = std::clamp<int64_t>(block_bytes / row_bytes, 1, out_height_);

    parts_at_ = plan_.floats(chunks_ * part_floats_);
    if (neighbours_ > 1) joined_at_ = plan_.floats(conv.weight.elements() / own_channels() * strips_.lanes);
    if (staged_) {
      stage_floats_ = round_up(((row_step_ - 1) * window_.stride[0] + reach()) * row_floats_, 16);
      stage_at_ = plan_.floats(stage_floats_ * device.team().size());
    }
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const float* x = static_cast<const float*>(in[0]);
    const float* dy = static_cast<const float*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    float* parts = floats_at(scratch, parts_at_);
    ThreadTeam& team = device_.team();
    const int64_t blocks = groups_ * in_blocks_ * out_blocks_;
    team.run([&](int thread) {
      float* stage = floats_at(scratch, stage_at_) + thread * stage_floats_;
      const Range mine = split(chunks_ * blocks, team.size(), thread);
      for (int64_t unit = mine.begin; unit < mine.end; ++unit) {
        run_unit(unit / blocks, unit % blocks, x, dy, parts + unit / blocks * part_floats_, stage);
      }
    });
    if (neighbours_ > 1) return add_neighbours(parts, floats_at(scratch, joined_at_), weight);
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
  // Neighbouring outputs as one, see few_columns.h.
  void join_neighbours() {
    if (groups_ != 1 || window_.dilation[1] != 1) return;
    neighbours_ = worthwhile_neighbours(out_channels_, out_width_, window_.size[1], window_.stride[1], strips_.lanes);
    out_width_ /= neighbours_;
    out_channels_ *= neighbours_;
    window_.size[1] += (neighbours_ - 1) * window_.stride[1];
    window_.stride[1] *= neighbours_;
  }
  int64_t own_channels() const { return out_channels_ / neighbours_; }  // of one of the neighbours: one vector

  // Adds up what each of the neighbours gives to a weight, over all chunks.
  void add_neighbours(const float* parts, float* joined, float* weight) const {
    const int64_t step = window_.stride[1] / neighbours_, width = window_.size[1] - (neighbours_ - 1) * step;
    const int64_t out = own_channels(), taps = window_.size[0] * width;
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t in = 0; in < channels_; ++in) {
        float* sum = joined + (tap * channels_ + in) * strips_.lanes;
        std::fill_n(sum, strips_.lanes, 0.0f);
        for (int64_t chunk = 0; chunk < chunks_; ++chunk) {
          for (int64_t k = 0; k < neighbours_; ++k) {
            const int64_t wide_tap = tap / width * window_.size[1] + tap % width + k * step;
            const float* from = parts + chunk * part_floats_ + (wide_tap * channels_ + in) * part_width_ + k * out;
            for (int64_t o = 0; o < out; ++o) sum[o] += from[o];
          }
        }
      }
    }
    weights_.merge_parts(joined, 1, 0, strips_.lanes, channels_, taps, 0, out, weight);
  }

  int64_t reach() const { return (window_.size[0] - 1) * window_.dilation[0] + 1; }

  // Rows of one image of the input from row `first` on.
  struct ImageRows {
    const float* data = nullptr;
    int64_t first = 0;
  };

  // The channels of one unit.
  struct Block {
    int64_t group = 0;
    Range in, out;
  };

  void run_unit(int64_t chunk, int64_t index, const float* x, const float* dy, float* part, float* stage) const {
    Block block{.group = index / (in_blocks_ * out_blocks_)};
    const int64_t in = index / out_blocks_ % in_blocks_, out = index % out_blocks_;
    block.in = {in * block_rows_of_weight, std::min((in + 1) * block_rows_of_weight, in_of_group_)};
    block.out = {out * block_rows_of_weight, std::min((out + 1) * block_rows_of_weight, out_of_group_)};
    if (side_by_side_) block.in = {0, in_of_group_};
    part += block.group * (part_floats_ / groups_);
    clear(block, part);
    const Range images = split(images_, chunks_, chunk);
    for (int64_t image = images.begin; image < images.end; ++image) {
      const float* dy_image = dy + image * out_height_ * out_width_ * out_channels_;
      for (int64_t row = 0; row < out_height_; row += row_step_) {
        const Range rows{row, std::min(row + row_step_, out_height_)};
        ImageRows x_rows{x + image * height_ * width_ * channels_};
        if (staged_) x_rows = stage_rows(x_rows.data, rows, stage);
        for (int64_t kh = 0; kh < window_.size[0]; ++kh) run_tap_row(block, kh, rows, x_rows, dy_image, part);
      }
    }
  }

  void clear(const Block& block, float* part) const {
    const int64_t end = std::min(round_up(block.out.end, strips_.lanes), part_width_);
    for (int64_t tap = 0; tap < window_.size[0] * window_.size[1]; ++tap) {
      for (int64_t in = block.in.begin; in < block.in.end; ++in) {
        float* row = part + (tap * in_of_group_ + in) * part_width_;
        std::fill(row + block.out.begin, row + end, 0.0f);
      }
    }
  }

  // The input rows under `rows` of the output, with zeros beside them.
  ImageRows stage_rows(const float* x_image, Range rows, float* stage) const {
    const int64_t top = rows.begin * window_.stride[0] - window_.pad_before[0];
    const int64_t begin = std::clamp<int64_t>(top, 0, height_);
    const int64_t end =
        std::clamp<int64_t>(top + (rows.end - 1 - rows.begin) * window_.stride[0] + reach(), begin, height_);
    const int64_t middle = width_ * channels_;
    float* to = stage;
    for (int64_t row = begin; row < end; ++row, to += row_floats_) {
      std::fill_n(to, left_ * channels_, 0.0f);
      std::memcpy(to + left_ * channels_, x_image + row * middle, static_cast<size_t>(middle) * sizeof(float));
      std::fill_n(to + left_ * channels_ + middle, right_ * channels_, 0.0f);
    }
    return {stage, begin};
  }

  // Adds what `rows` of one image give to the weights of the window's row kh.
  void run_tap_row(const Block& block, int64_t kh, Range rows, const ImageRows& x, const float* dy_image,
                   float* part) const {
    const int64_t top = kh * window_.dilation[0] - window_.pad_before[0];
    const Range valid = inside(top, window_.stride[0], height_, out_height_);
    const Range q{std::max(rows.begin, valid.begin), std::min(rows.end, valid.end)};
    if (q.empty()) return;
    Tile t;
    t.a_row = 1;
    t.a_outer = window_.stride[0] * row_floats_;
    t.a_depth = window_.stride[1] * channels_;
    t.b_outer = out_width_ * out_channels_;
    t.b_depth = out_channels_;
    t.outer = q.end - q.begin;
    t.c_row = part_width_;
    t.accumulate = true;
    const float* x_row = x.data + (q.begin * window_.stride[0] + top - x.first) * row_floats_;
    const float* dy_row = dy_image + q.begin * t.b_outer + block.group * out_of_group_;
    float* part_row = part + kh * window_.size[1] * in_of_group_ * part_width_;
    if (side_by_side_) {
      t.a = x_row;
      t.b = dy_row;
      t.c = part_row;
      t.depth = out_width_;
      if (each_channel_) t.a_row = window_.dilation[1] * channels_;
      run_panels(block.out, t, window_.size[1] * in_of_group_);
      return;
    }
    for (int64_t kw = 0; kw < window_.size[1]; ++kw) {
      const int64_t side = kw * window_.dilation[1] - window_.pad_before[1];
      const Range columns = inside(side, window_.stride[1], width_, out_width_);
      if (columns.empty()) continue;
      t.a =
          x_row + (columns.begin * window_.stride[1] + side) * channels_ + block.group * in_of_group_ + block.in.begin;
      t.b = dy_row + columns.begin * out_channels_;
      t.c = part_row + (kw * in_of_group_ + block.in.begin) * part_width_;
      t.depth = columns.end - columns.begin;
      run_panels(block.out, t, block.in.end - block.in.begin);
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
      if (each_channel_) {
        t.a = a + column;
        strips_.run_each(t, true, strip_rows, vectors);
      } else {
        strips_.run(t, t.last < strips_.lanes ? Along::row_masked : Along::row, strip_rows, vectors);
      }
    }
  }

  Window window_;
  int64_t groups_;
  const int64_t images_;
  int64_t height_, width_, channels_, out_height_, out_width_, out_channels_;
  CpuDevice& device_;
  const StripKernels& strips_;
  const ConvKernels& weights_;
  int64_t neighbours_ = 1;
  int64_t in_of_group_ = 0, out_of_group_ = 0;
  bool each_channel_ = false;  // every channel by itself: the groups are handled together, as columns
  bool side_by_side_ = false;  // a whole row of the window makes one strip
  bool staged_ = false;        // which needs the padding beside the rows in memory
  int64_t left_ = 0, right_ = 0, row_floats_ = 0, row_step_ = 1;
  int64_t in_blocks_ = 1, out_blocks_ = 1, chunks_ = 1;
  int64_t part_width_ = 0, part_floats_ = 0, stage_floats_ = 0;
  ScratchPlan plan_;
  int64_t parts_at_ = 0, joined_at_ = 0, stage_at_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_conv2d_grad_weight(const ConvShapes& conv, DType pixels, CpuDevice& device) {
  const WinogradTiles tiles = WinogradTiles::of(conv.window, conv.x, conv.y);
  if (winograd_pays(conv.window, conv.groups, tiles, pixels, device)) {
    return make_winograd_grad_weight(tiles, pixels, device);
  }
  if (pixels == DType::bf16) return make_bf16_grad_weight(conv, device);
  return std::make_unique<GradWeight>(conv, device);
}

}  // namespace dl
