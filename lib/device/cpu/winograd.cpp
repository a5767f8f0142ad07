// How tiles, points and panels of weights are put into blocks that stay in cache.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd.h"

#include <algorithm>
#include <type_traits>

#include "lib/base/cpu.h"
#include "lib/base/division.h"
#include "lib/device/cpu/simd/loop.h"

namespace dl {
namespace {

constexpr int64_t taps = 9;
constexpr int64_t least_block = 28, most_block = 128;  // tiles: two heights of the register tile, and enough

}  // namespace

template <class T>
WinogradOf<T>::WinogradOf(const WinogradTiles& tiles, bool by_in, CpuDevice& device,
                          std::unique_ptr<LoopRunner> epilogue)
    : t_(tiles),
      by_in_(by_in),
      device_(device),
      strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
      kernels_(DL_FOR_ISA(device.isa(), winograd_kernels)),
      destination_(std::move(epilogue)) {
  const int64_t lanes = strips_.lanes;
  const int team = device.team().size();
  by_panels_ = t_.out_channels > t_.count();
  in_row_ = round_up(t_.in_channels, lanes);
  out_row_ = by_panels_ ? 4 * lanes : round_up(t_.out_channels, lanes);
  if (by_panels_) {
    block_rows_ = t_.rows();
  } else {
    const int64_t fit = cpu_features().l2_bytes / 2 / (4 * winograd_points * (in_row_ + out_row_));
    const int64_t wanted = std::clamp(fit, least_block, most_block);
    const int64_t unit = t_.out_height % winograd_out == 0 ? 1 : t_.down();  // blocks of equally many pixels
    const int64_t units = t_.rows() / unit;
    const int64_t blocks = std::min(round_up(ceil_div(t_.count(), wanted), 8), units);
    block_rows_ = ceil_div(units, blocks) * unit;
  }
  block_tiles_ = block_rows_ * t_.across();
  in_stride_ = winograd_stride(block_tiles_ * in_row_);
  out_stride_ = winograd_stride(block_tiles_ * out_row_);
  weight_stride_ = winograd_stride(t_.in_channels * out_row_);

  const int64_t block_pixels = by_panels_ ? t_.out_height * t_.out_width : t_.first_pixel(block_rows_);
  zeros_at_ = plan_.floats(in_row_);
  if (std::is_same_v<T, uint16_t>) wide_at_ = plan_.floats(taps * t_.in_channels * t_.out_channels);
  weights_floats_ = winograd_points * weight_stride_;
  inputs_floats_ = winograd_points * in_stride_;
  sums_floats_ = winograd_points * out_stride_;
  weights_at_ = plan_.floats(weights_floats_ * (by_panels_ ? team : 1));
  inputs_at_ = plan_.floats(inputs_floats_ * (by_panels_ ? 1 : team));
  sums_at_ = plan_.floats(sums_floats_ * team);
  destination_.plan(block_pixels, plan_);
  block_floats_ = round_up(block_pixels * t_.out_channels, 16);
  if (!destination_.keeps_product())
    products_at_ = plan_.floats(by_panels_ ? t_.pixels() * t_.out_channels : block_floats_ * team);
}

template <class T>
void WinogradOf<T>::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  float* const product = destination_.begin(in, out, scratch);
  std::fill_n(floats_at(scratch, zeros_at_), in_row_, 0.0f);
  const T* x = static_cast<const T*>(in[0]);
  const float* weight = widened(static_cast<const T*>(in[1]), scratch);
  if (by_panels_) {
    by_panels(x, weight, product, scratch);
  } else {
    by_blocks(x, weight, product, scratch);
  }
  destination_.finish();
}

// All of them, in f32.
template <class T>
const float* WinogradOf<T>::widened(const T* weight, void* scratch) const {
  if constexpr (std::is_same_v<T, float>) {
    return weight;
  } else {
    float* wide = floats_at(scratch, wide_at_);
    device_.team().run([&](int thread) {
      const Range mine = split(taps * t_.in_channels * t_.out_channels, device_.team().size(), thread);
      DL_FOR_ISA(device_.isa(), loop_fills).from_bf16(wide + mine.begin, weight + mine.begin, mine.end - mine.begin);
    });
    return wide;
  }
}

template <class T>
void WinogradOf<T>::by_blocks(const T* x, const float* weight, float* product, void* scratch) {
  ThreadTeam& team = device_.team();
  const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
  float* weights = floats_at(scratch, weights_at_);
  team.run([&](int thread) { transform_weights(weight, split(t_.out_channels, team.size(), thread), 0, weights); });
  team.run([&](int thread) {
    const Range mine = split(ceil_div(t_.rows(), block_rows_), team.size(), thread);
    float* inputs = floats_at(scratch, inputs_at_) + thread * inputs_floats_;
    float* sums = floats_at(scratch, sums_at_) + thread * sums_floats_;
    float* buffer = floats_at(scratch, products_at_) + thread * block_floats_;
    for (int64_t block = mine.begin; block < mine.end; ++block) {
      const int64_t begin = block * block_rows_, end = std::min(begin + block_rows_, t_.rows());
      read_tiles(begin, end, x, zeros, inputs);
      multiply((end - begin) * t_.across(), inputs, weights, {0, t_.out_channels}, sums);
      const int64_t first = t_.first_pixel(begin);
      float* y = product != nullptr ? product + first * t_.out_channels : buffer;
      write_tiles(begin, end, sums, t_.out_channels, y);
      destination_.rows(thread, first, t_.first_pixel(end), y, t_.out_channels);
    }
  });
}

template <class T>
void WinogradOf<T>::by_panels(const T* x, const float* weight, float* product, void* scratch) {
  ThreadTeam& team = device_.team();
  const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
  float* inputs = floats_at(scratch, inputs_at_);
  if (product == nullptr) product = floats_at(scratch, products_at_);
  team.run([&](int thread) {
    const Range mine = split(t_.rows(), team.size(), thread);
    read_tiles(mine.begin, mine.end, x, zeros, inputs + mine.begin * t_.across() * in_row_);
  });
  team.run([&](int thread) {
    const Range mine = split(t_.out_channels, team.size(), thread, 2 * strips_.lanes);
    float* panel = floats_at(scratch, weights_at_) + thread * weights_floats_;
    float* sums = floats_at(scratch, sums_at_) + thread * sums_floats_;
    for (int64_t begin = 0, end = 0; begin < mine.end; begin = end) {
      const int64_t width = strips_.next_vectors(t_.out_channels - begin, block_tiles_) * strips_.lanes;
      end = std::min(begin + width, t_.out_channels);
      if (begin < mine.begin) continue;
      transform_weights(weight, {begin, begin + 1}, begin, panel);
      multiply(t_.count(), inputs, panel, {begin, end}, sums);
      write_tiles(0, t_.rows(), sums, end - begin, product + begin);
    }
  });
  if (!destination_.has_epilogue()) return;
  team.run([&](int thread) {
    const int64_t image = t_.out_height * t_.out_width;
    const Range mine = split(t_.images, team.size(), thread);
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      destination_.rows(thread, i * image, (i + 1) * image, product + i * image * t_.out_channels, t_.out_channels);
    }
  });
}

template <class T>
void WinogradOf<T>::transform_weights(const float* weight, Range columns, int64_t origin, float* to) const {
  const WinogradWeights w{.weight = weight,
                          .out = by_in_ ? t_.in_channels : t_.out_channels,
                          .in = by_in_ ? t_.out_channels : t_.in_channels,
                          .strip_rows = block_tiles_,
                          .origin = origin};
  const auto transform = by_in_ ? kernels_.weights_by_in : kernels_.weights_by_out;
  transform(w, columns.begin, columns.end, {to, weight_stride_});
}

template <class T>
void WinogradOf<T>::read_tiles(int64_t row_begin, int64_t row_end, const T* x, const T* zeros, float* inputs) const {
  const T* pixels[winograd_points];
  for (int64_t row = row_begin; row < row_end; ++row) {
    for (int64_t column = 0; column < t_.across(); ++column, inputs += in_row_) {
      t_.inputs(row, column, x, zeros, pixels);
      kernels_.template reads<T>().inputs(pixels, t_.in_channels, {inputs, in_stride_});
    }
  }
}

// The 36 products of `tiles` rows with the panels of some columns, which begin at weights.
template <class T>
void WinogradOf<T>::multiply(int64_t tiles, const float* inputs, const float* weights, Range columns,
                             float* sums) const {
  const int64_t lanes = strips_.lanes;
  Tile t{.a_row = in_row_, .c_row = out_row_, .depth = t_.in_channels};
  for (int64_t point = 0; point < winograd_points; ++point) {
    t.a = inputs + point * in_stride_;
    for (int64_t column = columns.begin; column < columns.end; column += t.b_depth) {
      const int vectors = strips_.next_vectors(t_.out_channels - column, block_tiles_);
      t.b = weights + point * weight_stride_ + (column - columns.begin) * t_.in_channels;
      t.b_depth = vectors * lanes;
      t.c = sums + point * out_stride_ + (column - columns.begin);
      t.last = static_cast<int>(std::min(t_.out_channels - column, t.b_depth) - (t.b_depth - lanes));
      strips_.run(t, Along::depth, tiles, vectors);
    }
  }
}

template <class T>
void WinogradOf<T>::write_tiles(int64_t row_begin, int64_t row_end, float* sums, int64_t channels, float* y) const {
  const int64_t y_row = t_.out_width * t_.out_channels;
  for (int64_t row = row_begin; row < row_end; ++row) {
    const int64_t top = row % t_.down() * winograd_out;
    const int rows = static_cast<int>(std::min<int64_t>(winograd_out, t_.out_height - top));
    float* y_tiles = y + (t_.first_pixel(row) - t_.first_pixel(row_begin)) * t_.out_channels;
    for (int64_t column = 0; column < t_.across(); ++column, sums += out_row_) {
      const int64_t left = column * winograd_out;
      const int columns = static_cast<int>(std::min<int64_t>(winograd_out, t_.out_width - left));
      kernels_.outputs({sums, out_stride_}, channels, y_tiles + left * t_.out_channels, y_row, t_.out_channels, rows,
                       columns);
    }
  }
}

template class WinogradOf<float>;
template class WinogradOf<uint16_t>;

}  // namespace dl
