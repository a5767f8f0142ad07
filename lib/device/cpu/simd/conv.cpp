// Moving the weights of convolutions in and out of panels, a square of lanes x lanes at a time.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/conv.h"

#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {
namespace {

// Calls f(column, count, to_row) for each vector of the panels that begin in [begin, end) of all columns:
// to_row(place, k) is where row place.row + k of it lies.
template <class F>
void for_each_vector(const WeightPanels& p, int64_t columns, int64_t begin, int64_t end, float* packed, F f) {
  each_panel_vector(columns, p.strip_rows, begin, end, [&](int64_t n, int64_t width, int v, int count) {
    f(n + v * lanes, count, [=](const TapPlace& place, int64_t k) {
      return packed + place.offset + n * place.depth + (place.row + k) * width + v * lanes;
    });
  });
}

void pack_by_out(const WeightPanels& p, const float* weight, int64_t begin, int64_t end, float* packed) {
  const int64_t depth = p.in * p.taps;
  for_each_vector(p, p.out, begin, end, packed, [&](int64_t out, int count, auto to_row) {
    int64_t in = 0, tap = 0;
    turn_rows(weight + out * depth, depth, count, depth, [&](int64_t, vf x) {
      store(to_row(p.places[tap], in), x);
      if (++tap == p.taps) tap = 0, ++in;
    });
  });
}

void pack_by_in(const WeightPanels& p, const float* weight, int64_t begin, int64_t end, float* packed) {
  for_each_vector(p, p.in, begin, end, packed, [&](int64_t in, int count, auto to_row) {
    for (int64_t out = 0; out < p.out; ++out) {
      const float* from = weight + (out * p.in + in) * p.taps;
      if (p.taps == 1) {
        store(to_row(p.places[0], out), load_first(from, count));
      } else {
        turn_rows(from, p.taps, count, p.taps, [&](int64_t tap, vf x) { store(to_row(p.places[tap], out), x); });
      }
    }
  });
}

void merge_parts(const float* part, int64_t parts, int64_t part_stride, int64_t width, int64_t in, int64_t taps,
                 int64_t out_begin, int64_t out_end, float* weight) {
  const int64_t depth = in * taps;
  for (int64_t out = out_begin; out < out_end; out += lanes) {
    const int count = static_cast<int>(out_end - out < lanes ? out_end - out : lanes);
    int64_t i = 0, tap = 0;
    for (int64_t d = 0; d < depth; d += lanes) {
      const int columns = static_cast<int>(depth - d < lanes ? depth - d : lanes);
      vf x[lanes] = {};
#pragma GCC unroll 16
      for (int r = 0; r < lanes; ++r) {
        if (r >= columns) continue;
        const float* from = part + (tap * in + i) * width + out;
        vf sum = load(from);
        for (int64_t k = 1; k < parts; ++k) sum += load(from + k * part_stride);
        x[r] = sum;
        if (++tap == taps) tap = 0, ++i;
      }
      transpose_lanes(x);
#pragma GCC unroll 16
      for (int r = 0; r < lanes; ++r) {
        if (r < count) store_first(weight + (out + r) * depth + d, x[r], columns);
      }
    }
  }
}

}  // namespace

const ConvKernels conv_kernels = {pack_by_out, pack_by_in, merge_parts};

}  // namespace dl::DL_ISA
