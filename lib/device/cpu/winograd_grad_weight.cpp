// Per point a matrix product whose depth is the tiles. A group of tiles at a time is transformed and then multiplied by
// all threads; where one group holds all tiles, a panel of columns goes all the way to the gradient while in cache.
#include "lib/device/cpu/winograd_grad_weight.h"

#include <algorithm>

#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/conv.h"
#include "lib/device/cpu/simd/strip.h"

namespace dl {
namespace {

constexpr int64_t group_bytes = 4 << 20;  // of transformed tiles: they stay in the last-level cache
constexpr int64_t least_depth = 256;      // of a product, so that adding to sums in memory costs little
constexpr int64_t most_depth = 2048;
constexpr int64_t taps = 9;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

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
    const int64_t depth =
        std::clamp(group_bytes / (4 * winograd_points * (in_row_ + out_row_)), least_depth, most_depth);
    const int64_t groups = ceil_div(t_.rows(), std::max<int64_t>(depth / t_.across(), 1));
    group_rows_ = ceil_div(t_.rows(), groups);
    whole_ = group_rows_ == t_.rows();
    depth_ = group_rows_ * t_.across();
    for (int64_t column = 0; column < t_.out_channels; ++panels_) column += width_at(column);

    in_stride_ = winograd_stride(depth_ * in_row_);
    out_stride_ = winograd_stride(depth_ * out_row_);
    const int64_t widest = std::min(4 * lanes, out_row_);
    sum_stride_ = winograd_stride(t_.in_channels * (whole_ ? widest : out_row_));
    zeros_at_ = plan_.floats(std::max(in_row_, out_row_));
    inputs_at_ = plan_.floats(winograd_points * in_stride_);
    outputs_at_ = plan_.floats(winograd_points * out_stride_);
    sums_at_ = plan_.floats(winograd_points * sum_stride_ * (whole_ ? team : 1));
    taps_floats_ = taps * t_.in_channels * widest;
    taps_at_ = plan_.floats(taps_floats_ * team);
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    ThreadTeam& team = device_.team();
    const T* x = static_cast<const T*>(in[0]);
    const T* dy = static_cast<const T*>(in[1]);
    float* weight = static_cast<float*>(out[0]);
    float* sums = floats_at(scratch, sums_at_);
    std::fill_n(floats_at(scratch, zeros_at_), std::max(in_row_, out_row_), 0.0f);
    for (int64_t row = 0; row < t_.rows(); row += group_rows_) {
      const int64_t rows = std::min(group_rows_, t_.rows() - row);
      team.run([&](int thread) {
        const Range mine = split(rows, team.size(), thread);
        read_tiles(row, mine, x, dy, scratch);
      });
      team.run([&](int thread) {
        float* own_taps = floats_at(scratch, taps_at_) + thread * taps_floats_;
        if (whole_) {
          float* own = sums + thread * winograd_points * sum_stride_;
          for_each_panel(split(panels_, team.size(), thread), [&](int64_t column, int64_t) {
            for (int64_t point = 0; point < winograd_points; ++point) {
              multiply(point, column, rows * t_.across(), false, scratch, own + point * sum_stride_);
            }
            finish(column, own, own_taps, weight);
          });
          return;
        }
        const Range units = split(panels_ * winograd_points, team.size(), thread);
        for_each_panel({units.begin / winograd_points, ceil_div(units.end, winograd_points)},
                       [&](int64_t column, int64_t panel) {
                         const int64_t first = panel * winograd_points;
                         const int64_t end = std::min<int64_t>(units.end - first, winograd_points);
                         for (int64_t point = std::max<int64_t>(units.begin - first, 0); point < end; ++point) {
                           multiply(point, column, rows * t_.across(), row > 0, scratch,
                                    sums + point * sum_stride_ + column * t_.in_channels);
                         }
                       });
      });
    }
    if (whole_) return;
    team.run([&](int thread) {
      float* own_taps = floats_at(scratch, taps_at_) + thread * taps_floats_;
      for_each_panel(split(panels_, team.size(), thread), [&](int64_t column, int64_t) {
        finish(column, sums + column * t_.in_channels, own_taps, weight);
      });
    });
  }

 private:
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

  // Transforms some rows of tiles of the group that begins with row `group`. The outputs' gradients become panels.
  void read_tiles(int64_t group, Range rows, const T* x, const T* dy, void* scratch) const {
    const WinogradReadsOf<T>& reads = kernels_.template reads<T>();
    const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
    float* inputs = floats_at(scratch, inputs_at_);
    float* outputs = floats_at(scratch, outputs_at_);
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
  void multiply(int64_t point, int64_t column, int64_t depth, bool accumulate, void* scratch, float* sums) const {
    const int64_t width = width_at(column);
    Tile t{.a_row = 1, .a_depth = in_row_, .b_depth = width, .c_row = width, .depth = depth, .last = strips_.lanes};
    t.a = floats_at(scratch, inputs_at_) + point * in_stride_;
    t.b = floats_at(scratch, outputs_at_) + point * out_stride_ + column * depth_;
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
  bool whole_ = false;  // one group holds all tiles
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
