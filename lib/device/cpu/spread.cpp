// Two images at a time: each weight that is loaded serves both.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/spread.h"

#include <algorithm>
#include <cstring>

#include "lib/base/division.h"
#include "lib/device/cpu/few_columns.h"

namespace dl {
namespace {

constexpr int64_t most_weights = 6 * 1024;        // floats: they stay in the first-level cache
constexpr int64_t most_frame_floats = 64 * 1024;  // of an image: two stay in the second
constexpr double adding = 4;                      // what adding a sum to memory costs, in products
constexpr double least_gain = 0.8;                // of the time: the model is no better

// What windows reach along an axis, and the axis itself.
int64_t frame_size(const Window& w, int axis, int64_t dy, int64_t dx) {
  const auto i = static_cast<size_t>(axis);
  return std::max((dy - 1) * w.stride[i] + w.size[i], w.pad_before[i] + dx);
}

}  // namespace

bool SpreadGradient::pays(const Window& w, int64_t groups, const Shape& dy, const Shape& dx,
                          const SpreadKernels& kernels) {
  if (groups != 1 || !w.all(w.dilation, 1)) return false;
  const int64_t channels = dx[3], depth = dy[3], lanes = kernels.lanes;
  const int64_t row_vectors = ceil_div(w.size[1] * channels, lanes);
  const int64_t frame = frame_size(w, 0, dy[1], dx[1]) * frame_size(w, 1, dy[2], dx[2]) * channels;
  if (row_vectors > kernels.most_vectors || depth * w.size[0] * row_vectors * lanes > most_weights ||
      frame > most_frame_floats || dy.elements() == 0)
    return false;
  // Vectors of products for each row of dy and of the window: a Correlation sums the taps of one column's phase.
  const int64_t together =
      w.stride[1] == 1 ? worthwhile_neighbours(channels, dx[2], w.size[1], 1, kernels.lanes) : int64_t{1};
  const auto d = static_cast<double>(depth);
  const double taps = static_cast<double>(w.size[1] + together - 1) / static_cast<double>(w.stride[1]);
  const double gather = static_cast<double>(dx[2] / together * ceil_div(together * channels, lanes)) * taps * d;
  return static_cast<double>(dy[2] * row_vectors) * (d + adding) < least_gain * gather;
}

SpreadGradient::SpreadGradient(const Window& window, const Shape& dy, const Shape& dx, CpuDevice& device,
                               std::unique_ptr<LoopRunner> epilogue)
    : window_(window),
      dy_(dy),
      dx_(dx),
      device_(device),
      kernels_(DL_FOR_ISA(device.isa(), spread_kernels)),
      destination_(std::move(epilogue)) {
  const int64_t channels = dx[3], lanes = kernels_.lanes, height = window.size[0], row = window.size[1] * channels;
  row_vectors_ = ceil_div(row, lanes);
  group_ = ceil_div(height, ceil_div(height, kernels_.most_vectors / row_vectors_));
  frame_width_ = frame_size(window, 1, dy[2], dx[2]);
  frame_floats_ = round_up(frame_size(window, 0, dy[1], dx[1]) * frame_width_ * channels, 16);
  for (int64_t v = 0; v < group_ * row_vectors_; ++v) {
    const int64_t within = v % row_vectors_ * lanes;
    offset_.push_back(v / row_vectors_ * frame_width_ * channels + within);
    count_.push_back(static_cast<int>(std::min(row - within, lanes)));
  }
  const int team = device.team().size();
  packed_at_ = plan_.floats(dy[3] * height * row_vectors_ * lanes);
  frames_at_ = plan_.floats(team * spread_images * frame_floats_);
  destination_.plan(spread_images * dx[1] * dx[2], plan_);
  if (!destination_.keeps_product()) blocks_at_ = plan_.floats(team * spread_images * dx[1] * dx[2] * channels);
}

void SpreadGradient::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  const float* dy = static_cast<const float*>(in[0]);
  float* packed = floats_at(scratch, packed_at_);
  pack(static_cast<const float*>(in[1]), packed);
  float* const product = destination_.begin(in, out, scratch);
  const int64_t images = dx_[0], pixels = dx_[1] * dx_[2], image = pixels * dx_[3];
  ThreadTeam& team = device_.team();
  team.run([&](int thread) {
    const Range mine = split(ceil_div(images, spread_images), team.size(), thread);
    float* frames = floats_at(scratch, frames_at_) + thread * spread_images * frame_floats_;
    float* block = floats_at(scratch, blocks_at_) + thread * spread_images * image;
    for (int64_t pair = mine.begin; pair < mine.end; ++pair) {
      const int64_t first = pair * spread_images, last = std::min(first + spread_images, images);
      float* dx = product != nullptr ? product + first * image : block;
      spread_images_of(first, last, dy, packed, frames, dx);
      destination_.rows(thread, first * pixels, last * pixels, dx, dx_[3]);
    }
  });
  destination_.finish();
}

// packed[rows of a group][out][row][tap, channel]: each row whole vectors.
void SpreadGradient::pack(const float* weight, float* packed) const {
  const int64_t channels = dx_[3], out = dy_[3], height = window_.size[0], width = window_.size[1];
  const int64_t row_floats = row_vectors_ * kernels_.lanes;
  std::fill_n(packed, out * height * row_floats, 0.0f);
  for (int64_t row = 0; row < height; ++row) {
    const int64_t group = row / group_ * group_, rows = std::min(group_, height - group);
    for (int64_t o = 0; o < out; ++o) {
      const float* from = weight + (o * channels * height + row) * width;
      float* to = packed + (group * out + o * rows + row - group) * row_floats;
      for (int64_t tap = 0; tap < width; ++tap) {
        for (int64_t c = 0; c < channels; ++c) to[tap * channels + c] = from[c * height * width + tap];
      }
    }
  }
}

void SpreadGradient::spread_images_of(int64_t first, int64_t last, const float* dy, const float* packed, float* frames,
                                      float* dx) const {
  const int64_t channels = dx_[3], out = dy_[3], frame_row = frame_width_ * channels;
  const int images = static_cast<int>(last - first);
  std::fill_n(frames, images * frame_floats_, 0.0f);
  Spread s{.pixels = dy_[2], .depth = out, .to_pixel = window_.stride[1] * channels};
  s.offset = offset_.data();
  s.count = count_.data();
  for (int64_t y = 0; y < dy_[1]; ++y) {
    for (int64_t row = 0; row < window_.size[0]; row += group_) {
      s.weight = packed + row * out * row_vectors_ * kernels_.lanes;
      s.vectors = static_cast<int>(std::min(group_, window_.size[0] - row) * row_vectors_);
      for (int i = 0; i < images; ++i) {
        s.from[i] = dy + ((first + i) * dy_[1] + y) * dy_[2] * out;
        s.to[i] = frames + i * frame_floats_ + (y * window_.stride[0] + row) * frame_row;
      }
      kernels_.run(s, images);
    }
  }
  for (int i = 0; i < images; ++i) {
    for (int64_t y = 0; y < dx_[1]; ++y) {
      const float* from = frames + i * frame_floats_ + (y + window_.pad_before[0]) * frame_row;
      std::memcpy(dx + (i * dx_[1] + y) * dx_[2] * channels, from + window_.pad_before[1] * channels,
                  static_cast<size_t>(dx_[2] * channels) * sizeof(float));
    }
  }
}

}  // namespace dl
