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
constexpr int64_t few_tiles = 256;  // with more, transforming the weights costs next to nothing

}  // namespace

template <class T>
WinogradOf<T>::WinogradOf(const WinogradTiles& tiles, bool by_in, CpuDevice& device,
                          std::unique_ptr<LoopRunner> epilogue)
    : by_in_(by_in),
      device_(device),
      strips_(DL_FOR_ISA(device.isa(), strip_kernels)),
      kernels_(DL_FOR_ISA(device.isa(), winograd_kernels)),
      p_(plan_winograd(tiles, strips_.lanes, device.team().size(), cpu_features().l2_bytes)),
      destination_(std::move(epilogue)),
      transformed_(device) {
  const int team = device.team().size();
  zeros_at_ = scratch_.floats(p_.in_row);
  if (std::is_same_v<T, uint16_t>) wide_at_ = scratch_.floats(taps * t_.in_channels * t_.out_channels);
  weights_at_ = scratch_.floats(weights_floats() * (p_.by_panels ? team : 1));
  inputs_at_ = scratch_.floats(inputs_floats() * (p_.by_panels ? 1 : team));
  sums_at_ = scratch_.floats(sums_floats() * team);
  destination_.plan(p_.chunk_pixels, scratch_);
  if (!destination_.keeps_product()) products_at_ = scratch_.floats(p_.product_floats * (p_.by_panels ? 1 : team));
}

template <class T>
void WinogradOf<T>::run(std::span<void* const> in, std::span<void* const> out, void* scratch) {
  float* const product = destination_.begin(in, out, scratch);
  std::fill_n(floats_at(scratch, zeros_at_), p_.in_row, 0.0f);
  const T* x = static_cast<const T*>(in[0]);
  const T* weight = static_cast<const T*>(in[1]);
  if (p_.by_panels) {
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
void WinogradOf<T>::transform_all(const T* weight, void* scratch, const WinogradPoints& to) const {
  const float* wide = widened(weight, scratch);
  ThreadTeam& team = device_.team();
  team.run([&](int thread) { transform_weights(wide, split(t_.out_channels, team.size(), thread), 0, to); });
}

// Transformed, weights take four times the memory: by panels, reading them costs what making them does where they lie
// behind the second-level caches.
template <class T>
bool WinogradOf<T>::keeps_weights() const {
  const int64_t bytes = 4 * winograd_points * p_.kept_stride;
  return p_.by_panels ? bytes <= cpu_features().l2_bytes * device_.team().size() : t_.count() < few_tiles;
}

template <class T>
const float* WinogradOf<T>::kept_weights(const T* weight, void* scratch) {
  if (!transformed_) return nullptr;
  return transformed_.floats(winograd_points * p_.kept_stride, [&](float* to) {
    transform_all(weight, scratch, {to, p_.kept_stride});
  });
}

template <class T>
void WinogradOf<T>::by_blocks(const T* x, const T* weight, float* product, void* scratch) {
  ThreadTeam& team = device_.team();
  const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
  const float* weights = kept_weights(weight, scratch);
  if (!weights) {
    weights = floats_at(scratch, weights_at_);
    transform_all(weight, scratch, {floats_at(scratch, weights_at_), p_.weight_stride});
  }
  team.run([&](int thread) {
    const Range mine = split(ceil_div(t_.rows(), p_.block_rows), team.size(), thread);
    float* inputs = floats_at(scratch, inputs_at_) + thread * inputs_floats();
    float* sums = floats_at(scratch, sums_at_) + thread * sums_floats();
    float* buffer = floats_at(scratch, products_at_) + thread * p_.product_floats;
    for (int64_t block = mine.begin; block < mine.end; ++block) {
      const int64_t begin = block * p_.block_rows, end = std::min(begin + p_.block_rows, t_.rows());
      read_tiles(begin, end, x, zeros, inputs);
      multiply((end - begin) * t_.across(), inputs, weights, p_.weight_stride, {0, t_.out_channels}, sums);
      const int64_t first = t_.first_pixel(begin);
      float* y = product != nullptr ? product + first * t_.out_channels : buffer;
      write_tiles(begin, end, sums, t_.out_channels, y);
      destination_.rows(thread, first, t_.first_pixel(end), y, t_.out_channels);
    }
  });
}

template <class T>
void WinogradOf<T>::by_panels(const T* x, const T* given, float* product, void* scratch) {
  ThreadTeam& team = device_.team();
  const float* kept = kept_weights(given, scratch);
  const float* weight = kept ? nullptr : widened(given, scratch);
  const T* zeros = reinterpret_cast<const T*>(floats_at(scratch, zeros_at_));
  float* inputs = floats_at(scratch, inputs_at_);
  if (product == nullptr) product = floats_at(scratch, products_at_);
  const int column_parts = kept ? p_.column_parts : team.size();
  const auto read = [&](Range rows) {
    read_tiles(rows.begin, rows.end, x, zeros, inputs + rows.begin * t_.across() * p_.in_row);
  };
  if (column_parts > 1) team.run([&](int thread) { read(split(t_.rows(), team.size(), thread)); });
  team.run([&](int thread) {
    const Range rows = split(t_.rows(), team.size() / column_parts, thread / column_parts);
    const Range mine = split(t_.out_channels, column_parts, thread % column_parts, 2 * strips_.lanes);
    if (rows.empty()) return;
    if (column_parts == 1) read(rows);
    const int64_t first_tile = rows.begin * t_.across(), tiles = rows.end * t_.across() - first_tile;
    const float* const its_inputs = inputs + first_tile * p_.in_row;
    float* const y = product + t_.first_pixel(rows.begin) * t_.out_channels;
    float* panel = floats_at(scratch, weights_at_) + thread * weights_floats();
    float* sums = floats_at(scratch, sums_at_) + thread * sums_floats();
    for (int64_t begin = 0, end = 0; begin < mine.end; begin = end) {
      const int64_t width = strips_.next_vectors(t_.out_channels - begin, p_.block_tiles()) * strips_.lanes;
      end = std::min(begin + width, t_.out_channels);
      if (begin < mine.begin) continue;
      if (kept) {
        multiply(tiles, its_inputs, kept + begin * t_.in_channels, p_.kept_stride, {begin, end}, sums);
      } else {
        transform_weights(weight, {begin, begin + 1}, begin, {panel, p_.weight_stride});
        multiply(tiles, its_inputs, panel, p_.weight_stride, {begin, end}, sums);
      }
      write_tiles(rows.begin, rows.end, sums, end - begin, y + begin);
    }
  });
  if (!destination_.has_epilogue()) return;
  team.run([&](int thread) {
    const Range mine = split(ceil_div(t_.pixels(), p_.chunk_pixels), team.size(), thread);
    for (int64_t chunk = mine.begin; chunk < mine.end; ++chunk) {
      const int64_t first = chunk * p_.chunk_pixels, last = std::min(first + p_.chunk_pixels, t_.pixels());
      destination_.rows(thread, first, last, product + first * t_.out_channels, t_.out_channels);
    }
  });
}

template <class T>
void WinogradOf<T>::transform_weights(const float* weight, Range columns, int64_t origin,
                                      const WinogradPoints& to) const {
  const WinogradWeights w{.weight = weight,
                          .out = by_in_ ? t_.in_channels : t_.out_channels,
                          .in = by_in_ ? t_.out_channels : t_.in_channels,
                          .strip_rows = p_.block_tiles(),
                          .origin = origin};
  const auto transform = by_in_ ? kernels_.weights_by_in : kernels_.weights_by_out;
  transform(w, columns.begin, columns.end, to);
}

template <class T>
void WinogradOf<T>::read_tiles(int64_t row_begin, int64_t row_end, const T* x, const T* zeros, float* inputs) const {
  const T* pixels[winograd_points];
  for (int64_t row = row_begin; row < row_end; ++row) {
    for (int64_t column = 0; column < t_.across(); ++column, inputs += p_.in_row) {
      t_.inputs(row, column, x, zeros, pixels);
      kernels_.template reads<T>().inputs(pixels, t_.in_channels, {inputs, p_.in_stride});
    }
  }
}

// The 36 products of `tiles` rows with the panels of some columns, which begin at weights.
template <class T>
void WinogradOf<T>::multiply(int64_t tiles, const float* inputs, const float* weights, int64_t weight_stride,
                             Range columns, float* sums) const {
  const int64_t lanes = strips_.lanes;
  Tile t{.a_row = p_.in_row, .c_row = p_.out_row, .depth = t_.in_channels};
  for (int64_t point = 0; point < winograd_points; ++point) {
    t.a = inputs + point * p_.in_stride;
    for (int64_t column = columns.begin; column < columns.end; column += t.b_depth) {
      const int vectors = strips_.next_vectors(t_.out_channels - column, p_.block_tiles());
      t.b = weights + point * weight_stride + (column - columns.begin) * t_.in_channels;
      t.b_depth = vectors * lanes;
      t.c = sums + point * p_.out_stride + (column - columns.begin);
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
    for (int64_t column = 0; column < t_.across(); ++column, sums += p_.out_row) {
      const int64_t left = column * winograd_out;
      const int columns = static_cast<int>(std::min<int64_t>(winograd_out, t_.out_width - left));
      kernels_.outputs({sums, p_.out_stride}, channels, y_tiles + left * t_.out_channels, y_row, t_.out_channels, rows,
                       columns);
    }
  }
}

template class WinogradOf<float>;
template class WinogradOf<uint16_t>;

}  // namespace dl
