// Per point a matrix product whose depth is the tiles. A group of tiles at a time is transformed and then multiplied.
// Where one group holds all tiles, a panel of columns goes all the way to the gradient while in cache; else the images
// are cut in two halves with sums of their own, which are added at the end, so that two threads, or two teams of
// threads, hand nothing over until then.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd_grad_weight.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/strip.h"

namespace dl {
namespace {

constexpr int64_t group_bytes = 4 << 20;  // of transformed tiles: they stay in the last-level cache
constexpr int64_t least_depth = 256;      // of a product, so that adding to sums in memory costs little
constexpr int64_t most_depth = 2048;
constexpr int64_t taps = 9;

template <class T>
class WinogradGradWeight final : public Kernel {
 public:
  WinogradGradWeight(const WinogradTiles& tiles, CpuDevice& device)
      : t_(tiles),
        device_(device),
        strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
        kernels_(DL_FOR_ISA(device.isa(), winograd_kernels)),
        weights_(DL_FOR_ISA(device.isa(), conv_kernels)) {
    const int64_t lanes = strips_.lanes, team = device.team().size();
    in_row_ = round_up(t_.in_channels, lanes);
    out_row_ = round_up(t_.out_channels, lanes);
    const auto cut = [&](int64_t rows, int64_t bytes) {
      const int64_t depth = std::clamp(bytes / (4 * winograd_points * (in_row_ + out_row_)), least_depth, most_depth);
      group_rows_ = ceil_div(rows, ceil_div(rows, std::max<int64_t>(depth / t_.across(), 1)));
    };
    cut(t_.rows(), group_bytes);
    whole_ = group_rows_ == t_.rows();
    if (!whole_ && t_.count() * (in_row_ + out_row_) > 2 * in_row_ * out_row_) {
      halves_ = 2;
      at_once_ = team % 2 == 0 ? 2 : 1;
      cut(half(0).end, group_bytes / 2);
    }
    depth_ = group_rows_ * t_.across();
    for (int64_t column = 0; column < t_.out_channels; ++panels_) column += width_at(column);

    in_stride_ = winograd_stride(depth_ * in_row_);
    out_stride_ = winograd_stride(depth_ * out_row_);
    const int64_t widest = std::min(4 * lanes, out_row_);
    sum_stride_ = winograd_stride(t_.in_channels * (whole_ ? widest : out_row_));
    zeros_at_ = plan_.floats(std::max(in_row_, out_row_));
    inputs_at_ = plan_.floats(at_once_ * winograd_points * in_stride_);
    outputs_at_ = plan_.floats(at_once_ * winograd_points * out_stride_);
    sums_at_ = plan_.floats(winograd_points * sum_stride_ * (whole_ ? team : halves_));
    taps_floats_ = taps * t_.in_channels * widest;
    taps_at_ = plan_.floats(taps_floats_ * team);
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const T* dy = static_cast<const T*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    std::fill_n(floats_at(scratch, zeros_at_), std::max(in_row_, out_row_), 0.0f);
    whole_ ? run_whole(x, dy, weight, scratch) : run_halves(x, dy, weight, scratch);
  }

 private:
  // Rows of tiles.
  Range half(int i) const { return split(t_.rows(), halves_, i); }

  void run_whole(const T* x, const T* dy, float* weight, void* scratch) const {
    ThreadTeam& team = device_.team();
    team.run([&](int thread) { read_tiles(0, split(t_.rows(), team.size(), thread), x, dy, scratch, 0); });
    team.run([&](int thread) {
      float* own_taps = floats_at(scratch, taps_at_) + thread * taps_floats_;
      float* own = floats_at(scratch, sums_at_) + thread * winograd_points * sum_stride_;
      for_each_panel(split(panels_, team.size(), thread), [&](int64_t column, int64_t) {
        for (int64_t point = 0; point < winograd_points; ++point) {
          multiply(point, column, t_.count(), false, scratch, 0, own + point * sum_stride_);
        }
        finish(column, own, own_taps, weight);
      });
    });
  }

  void run_halves(const T* x, const T* dy, float* weight, void* scratch) const {
    ThreadTeam& team = device_.team();
    const int share = team.size() / at_once_;  // threads that work on a half together
    for (int first = 0; first < halves_; first += at_once_) {
      // A group of a half: `row` rows behind the half's first. Its buffers are those of `slot`.
      const auto group = [&](int slot, int64_t row) {
        const Range all = half(first + slot);
        return Range{std::min(all.begin + row, all.end), std::min(all.begin + row + group_rows_, all.end)};
      };
      const auto transform = [&](int thread, int64_t row) {
        const int slot = thread / share;
        const Range rows = group(slot, row);
        read_tiles(rows.begin, split(rows.end - rows.begin, share, thread % share), x, dy, scratch, slot);
      };
      const auto products = [&](int thread, int64_t row) {
        const int slot = thread / share;
        const Range rows = group(slot, row);
        if (!rows.empty())
          add_products(rows.end - rows.begin, row > 0, thread % share, share, scratch, slot, first + slot);
      };
      const int64_t most_rows = half(first).end - half(first).begin;
      if (share == 1) {
        team.run([&](int thread) {
          for (int64_t row = 0; row < most_rows; row += group_rows_) transform(thread, row), products(thread, row);
        });
        continue;
      }
      const int working = share * at_once_;
      for (int64_t row = 0; row < most_rows; row += group_rows_) {
        team.run([&](int thread) {
          if (thread < working) transform(thread, row);
        });
        team.run([&](int thread) {
          if (thread < working) products(thread, row);
        });
      }
    }
    team.run([&](int thread) {
      float* own_taps = floats_at(scratch, taps_at_) + thread * taps_floats_;
      for_each_panel(split(panels_, team.size(), thread), [&](int64_t column, int64_t) {
        if (halves_ == 2) add_second_half(column, scratch);
        finish(column, floats_at(scratch, sums_at_) + column * t_.in_channels, own_taps, weight);
      });
    });
  }

  float* sums_of(int half, void* scratch) const {
    return floats_at(scratch, sums_at_) + half * winograd_points * sum_stride_;
  }

  // What a part of the threads that share a group adds to the half's sums.
  void add_products(int64_t rows, bool accumulate, int part, int parts, void* scratch, int slot, int half) const {
    const Range units = split(panels_ * winograd_points, parts, part);
    for_each_panel({units.begin / winograd_points, ceil_div(units.end, winograd_points)},
                   [&](int64_t column, int64_t panel) {
                     const int64_t first = panel * winograd_points;
                     const int64_t end = std::min<int64_t>(units.end - first, winograd_points);
                     for (int64_t point = std::max<int64_t>(units.begin - first, 0); point < end; ++point) {
                       multiply(point, column, rows * t_.across(), accumulate, scratch, slot,
                                sums_of(half, scratch) + point * sum_stride_ + column * t_.in_channels);
                     }
                   });
  }

  void add_second_half(int64_t column, void* scratch) const {
    const LoopMap add = DL_FOR_ISA(device_.isa(), loop_maps).map[static_cast<int>(LoopCode::add)][0];
    const int64_t at = column * t_.in_channels, n = width_at(column) * t_.in_channels;
    for (int64_t point = 0; point < winograd_points; ++point) {
      float* sum = sums_of(0, scratch) + point * sum_stride_ + at;
      add(sum, sum, sums_of(1, scratch) + point * sum_stride_ + at, nullptr, nullptr, n);
    }
  }

  int64_t width_at(int64_t column) const {
    return int64_t{strips_.next_vectors(t_.out_channels - column, t_.in_channels)} * strips_.lanes;
  }

  // Calls f(first column, panel).
  template <class F>
  void for_each_panel(Range panels, F f) const {
    int64_t column = 0;
    for (int64_t panel = 0; panel < panels.end; ++panel) {
      if (panel >= panels.begin) f(column, panel);
      column += width_at(column);
    }
  }

  float* inputs_of(int slot, void* scratch) const {
    return floats_at(scratch, inputs_at_) + slot * winograd_points * in_stride_;
  }
  float* outputs_of(int slot, void* scratch) const {
    return floats_at(scratch, outputs_at_) + slot * winograd_points * out_stride_;
  }

  // Transforms some rows of tiles of the group that begins with row `group`. The outputs' gradients become panels.
  void read_tiles(int64_t group, Range rows, const T* x, const T* dy, void* scratch, int slot) const {
    const WinogradReadsOf<T>& reads = kernels_.template reads<T>();
    const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
    float* inputs = inputs_of(slot, scratch);
    float* outputs = outputs_of(slot, scratch);
    const T* pixels[winograd_points];
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      for (int64_t column = 0; column < t_.across(); ++column) {
        const int64_t tile = row * t_.across() + column;
        t_.inputs(group + row, column, x, zeros, pixels);
        reads.inputs(pixels, t_.in_channels, {inputs + tile * in_row_, in_stride_});
        t_.outputs(group + row, column, dy, zeros, pixels);
        for_each_panel({0, panels_}, [&](int64_t first, int64_t) {
          const int64_t width = width_at(first), channels = std::min(width, t_.out_channels - first);
          reads.output_gradients(pixels, first, channels, {outputs + first * depth_ + tile * width, out_stride_});
        });
      }
    }
  }

  // sums[in][width] (+)= the product of one point.
  void multiply(int64_t point, int64_t column, int64_t depth, bool accumulate, void* scratch, int slot,
                float* sums) const {
    const int64_t width = width_at(column);
    Tile t{.a_row = 1, .a_depth = in_row_, .b_depth = width, .c_row = width, .depth = depth, .last = strips_.lanes};
    t.a = inputs_of(slot, scratch) + point * in_stride_;
    t.b = outputs_of(slot, scratch) + point * out_stride_ + column * depth_;
    t.c = sums;
    t.accumulate = accumulate;
    strips_.run(t, Along::row, t_.in_channels, static_cast<int>(width / strips_.lanes));
  }

  void finish(int64_t column, float* sums, float* own_taps, float* weight) const {
    const int64_t width = width_at(column), in = t_.in_channels;
    kernels_.weight_gradients({sums, sum_stride_}, in, width, own_taps);
    weights_.merge_parts(own_taps, 1, 0, width, in, taps, 0, std::min(width, t_.out_channels - column),
                         weight + column * in * taps);
  }

  const WinogradTiles t_;
  CpuDevice& device_;
  const StripKernels& strips_;
  const WinogradKernels& kernels_;
  const ConvKernels& weights_;
  bool whole_ = false;            // one group holds all tiles
  int halves_ = 1, at_once_ = 1;  // of the images; those that are summed side by side
  int64_t in_row_ = 0, out_row_ = 0;
  int64_t group_rows_ = 1, depth_ = 0;  // of a group: rows of tiles, tiles
  int64_t panels_ = 0;
  int64_t in_stride_ = 0, out_stride_ = 0, sum_stride_ = 0;  // from one point to the next
  ScratchPlan plan_;
  int64_t zeros_at_ = 0, inputs_at_ = 0, outputs_at_ = 0, sums_at_ = 0, taps_at_ = 0, taps_floats_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd_grad_weight(const WinogradTiles& tiles, DType pixels, CpuDevice& device) {
  if (pixels == DType::bf16) return std::make_unique<WinogradGradWeight<uint16_t>>(tiles, device);
  return std::make_unique<WinogradGradWeight<float>>(tiles, device);
}

}  // namespace dl
