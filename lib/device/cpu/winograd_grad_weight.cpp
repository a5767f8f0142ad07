// Where one group holds all tiles, a panel of columns goes all the way to the gradient while in cache; else two halves
// of the images have sums of their own, which are added at the end, so that two threads, or two teams of threads, hand
// nothing over until then.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd_grad_weight.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/strip.h"
#include "lib/device/cpu/winograd_plan.h"

namespace dl {
namespace {

constexpr int64_t taps = 9;

template <class T>
class WinogradGradWeight final : public Kernel {
 public:
  WinogradGradWeight(const WinogradTiles& tiles, CpuDevice& device)
      : device_(device),
        strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
        kernels_(DL_FOR_ISA(device.isa(), winograd_kernels)),
        weights_(DL_FOR_ISA(device.isa(), conv_kernels)),
        p_(plan_winograd_grad_weight(tiles, strips_.lanes, device.team().size())),
        taps_floats_(taps * tiles.in_channels * p_.widest) {
    for (int64_t column = 0; column < t_.out_channels; ++panels_) column += width_at(column);
    const int64_t team = device.team().size();
    zeros_at_ = scratch_.floats(std::max(p_.in_row, p_.out_row));
    inputs_at_ = scratch_.floats(p_.at_once * winograd_points * p_.in_stride);
    outputs_at_ = scratch_.floats(p_.at_once * winograd_points * p_.out_stride);
    sums_at_ = scratch_.floats(winograd_points * p_.sum_stride * (p_.whole ? team : p_.halves));
    taps_at_ = scratch_.floats(taps_floats_ * team);
  }

  std::string way() const override { return p_.whole ? "winograd, panels" : "winograd, tiles"; }
  int64_t scratch_bytes() const override { return scratch_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const T* dy = static_cast<const T*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    std::fill_n(floats_at(scratch, zeros_at_), std::max(p_.in_row, p_.out_row), 0.0f);
    p_.whole ? run_whole(x, dy, weight, scratch) : run_halves(x, dy, weight, scratch);
  }

 private:
  void run_whole(const T* x, const T* dy, float* weight, void* scratch) const {
    ThreadTeam& team = device_.team();
    team.run([&](int thread) { read_tiles(0, split(t_.rows(), team.size(), thread), x, dy, scratch, 0); });
    team.run([&](int thread) {
      float* own_taps = floats_at(scratch, taps_at_) + thread * taps_floats_;
      float* own = floats_at(scratch, sums_at_) + thread * winograd_points * p_.sum_stride;
      for_each_panel(split(panels_, team.size(), thread), [&](int64_t column, int64_t) {
        for (int64_t point = 0; point < winograd_points; ++point) {
          multiply(point, column, t_.count(), false, scratch, 0, own + point * p_.sum_stride);
        }
        finish(column, own, own_taps, weight);
      });
    });
  }

  void run_halves(const T* x, const T* dy, float* weight, void* scratch) const {
    ThreadTeam& team = device_.team();
    const int share = team.size() / p_.at_once;  // threads that work on a half together
    for (int first = 0; first < p_.halves; first += p_.at_once) {
      // A group of a half: `row` rows behind the half's first. Its buffers are those of `slot`.
      const auto group = [&](int slot, int64_t row) {
        const Range all = p_.half(first + slot);
        return Range{std::min(all.begin + row, all.end), std::min(all.begin + row + p_.group_rows, all.end)};
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
      const int64_t most_rows = p_.half(first).end - p_.half(first).begin;
      if (share == 1) {
        team.run([&](int thread) {
          for (int64_t row = 0; row < most_rows; row += p_.group_rows) transform(thread, row), products(thread, row);
        });
        continue;
      }
      const int working = share * p_.at_once;
      for (int64_t row = 0; row < most_rows; row += p_.group_rows) {
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
        if (p_.halves == 2) add_second_half(column, scratch);
        finish(column, floats_at(scratch, sums_at_) + column * t_.in_channels, own_taps, weight);
      });
    });
  }

  float* sums_of(int half, void* scratch) const {
    return floats_at(scratch, sums_at_) + half * winograd_points * p_.sum_stride;
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
                                sums_of(half, scratch) + point * p_.sum_stride + column * t_.in_channels);
                     }
                   });
  }

  void add_second_half(int64_t column, void* scratch) const {
    const LoopMap add = DL_FOR_ISA(device_.isa(), loop_maps).map[static_cast<int>(LoopCode::add)][0];
    const int64_t at = column * t_.in_channels, n = width_at(column) * t_.in_channels;
    for (int64_t point = 0; point < winograd_points; ++point) {
      float* sum = sums_of(0, scratch) + point * p_.sum_stride + at;
      add(sum, sum, sums_of(1, scratch) + point * p_.sum_stride + at, nullptr, nullptr, n);
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
    return floats_at(scratch, inputs_at_) + slot * winograd_points * p_.in_stride;
  }
  float* outputs_of(int slot, void* scratch) const {
    return floats_at(scratch, outputs_at_) + slot * winograd_points * p_.out_stride;
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
        reads.inputs(pixels, t_.in_channels, {inputs + tile * p_.in_row, p_.in_stride});
        t_.outputs(group + row, column, dy, zeros, pixels);
        for_each_panel({0, panels_}, [&](int64_t first, int64_t) {
          const int64_t width = width_at(first), channels = std::min(width, t_.out_channels - first);
          reads.output_gradients(pixels, first, channels, {outputs + first * p_.depth() + tile * width, p_.out_stride});
        });
      }
    }
  }

  // sums[in][width] (+)= the product of one point.
  void multiply(int64_t point, int64_t column, int64_t depth, bool accumulate, void* scratch, int slot,
                float* sums) const {
    const int64_t width = width_at(column);
    Tile t{.a_row = 1, .a_depth = p_.in_row, .b_depth = width, .c_row = width, .depth = depth, .last = strips_.lanes};
    t.a = inputs_of(slot, scratch) + point * p_.in_stride;
    t.b = outputs_of(slot, scratch) + point * p_.out_stride + column * p_.depth();
    t.c = sums;
    t.accumulate = accumulate;
    strips_.run(t, Along::row, t_.in_channels, static_cast<int>(width / strips_.lanes));
  }

  void finish(int64_t column, float* sums, float* own_taps, float* weight) const {
    const int64_t width = width_at(column), in = t_.in_channels;
    kernels_.weight_gradients({sums, p_.sum_stride}, in, width, own_taps);
    weights_.merge_parts(own_taps, 1, 0, width, in, taps, 0, std::min(width, t_.out_channels - column),
                         weight + column * in * taps);
  }

  CpuDevice& device_;
  const StripKernels& strips_;
  const WinogradKernels& kernels_;
  const ConvKernels& weights_;
  const WinogradGradWeightPlan p_;
  const WinogradTiles& t_ = p_.tiles;
  const int64_t taps_floats_;  // of a panel
  int64_t panels_ = 0;
  ScratchPlan scratch_;
  int64_t zeros_at_ = 0, inputs_at_ = 0, outputs_at_ = 0, sums_at_ = 0, taps_at_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd_grad_weight(const WinogradTiles& tiles, DType pixels, CpuDevice& device) {
  if (pixels == DType::bf16) return std::make_unique<WinogradGradWeight<uint16_t>>(tiles, device);
  return std::make_unique<WinogradGradWeight<float>>(tiles, device);
}

}  // namespace dl
