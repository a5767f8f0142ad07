// Convolutions of channels each by itself, and their gradients, directly: they are a matter of memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"
#include "lib/device/cuda/kernels/window.h"

namespace dl::cuda {

// y [images, made …, channels * multiplier] of x [images, source …, channels], or the gradient of x, [images, made …,
// channels] of dy [images, source …, channels * multiplier].
struct Depthwise {
  const void *source, *weight;  // weight [taps][channels * multiplier]
  float* made;
  WindowAxis axis[3];
  int channels, multiplier;
  Divisor by_vectors, by_made[3], by_stride[3];  // by_vectors: vectors of a place of what is made
  long long vectors;                             // in all
};

template <class T, int n, class Thread>
void add_products(const Thread& t, float (&sum)[n], const T* x, const T* weight) {
  const auto a = t.template vector<Vector<T, n>>(x), b = t.template vector<Vector<T, n>>(weight);
  for (int i = 0; i < n; ++i) sum[i] += to_float(a.at[i]) * to_float(b.at[i]);
}

// A thread makes n neighbouring channels; n is 1 where the multiplier is not.
template <class T, int n, bool gradient, class Thread>
void depthwise(const Thread& t, const Depthwise& p) {
  const long long item = static_cast<long long>(t.block()) * t.count() + t.index();
  if (item >= p.vectors) return;
  const long long made = p.by_vectors.quotient(item);
  const int channel = static_cast<int>(item - made * p.by_vectors.divisor()) * n;
  int at[3];
  long long image = made;
  for (int a = 2; a >= 0; --a) {
    const long long rest = p.by_made[a].quotient(image);
    at[a] = static_cast<int>(image - rest * p.by_made[a].divisor());
    image = rest;
  }
  const int all = p.channels * p.multiplier, source_channels = gradient ? all : p.channels;
  const T* source = static_cast<const T*>(p.source) +
                    image * p.axis[0].source * p.axis[1].source * p.axis[2].source * source_channels;
  const T* weight = static_cast<const T*>(p.weight);
  // The source's place under a tap, or -1.
  const auto found = [&](int a, int tap) {
    if constexpr (gradient) {
      const int from = at[a] + p.axis[a].pad - tap * p.axis[a].dilation;
      if (from < 0) return -1;
      const int place = p.by_stride[a].quotient(from);
      return place * p.axis[a].stride == from && place < p.axis[a].source ? place : -1;
    } else {
      const int place = at[a] * p.axis[a].stride + tap * p.axis[a].dilation - p.axis[a].pad;
      return lies_within(place, p.axis[a].source) ? place : -1;
    }
  };
  float sum[n] = {};
  for (int k0 = 0; k0 < p.axis[0].size; ++k0) {
    const int p0 = found(0, k0);
    if (p0 < 0) continue;
    for (int k1 = 0; k1 < p.axis[1].size; ++k1) {
      const int p1 = found(1, k1);
      if (p1 < 0) continue;
      for (int k2 = 0; k2 < p.axis[2].size; ++k2) {
        const int p2 = found(2, k2);
        if (p2 < 0) continue;
        const long long place = (static_cast<long long>(p0) * p.axis[1].source + p1) * p.axis[2].source + p2;
        const long long tap = (k0 * p.axis[1].size + k1) * p.axis[2].size + k2;
        if constexpr (gradient) {
          for (int m = 0; m < p.multiplier; ++m) {
            const int out = channel * p.multiplier + m;
            add_products<T, n>(t, sum, source + place * all + out, weight + tap * all + out);
          }
        } else {
          const int from = n > 1 ? channel : channel / p.multiplier;
          add_products<T, n>(t, sum, source + place * p.channels + from, weight + tap * all + channel);
        }
      }
    }
  }
  Vector<float, n> result;
  for (int i = 0; i < n; ++i) result.at[i] = sum[i];
  t.put_vector(p.made + item * n, result);
}

// The gradient of the weight, for add_weight_pieces() with a depth of 1. A block makes 9 taps of 32 outs over a piece
// of dy's places, a warp each eighth of them.
struct DepthwiseWeight {
  const void *x, *dy;
  float* sums;         // [pieces][outs][taps]
  WindowAxis axis[3];  // made: dy's places, source: x's
  int outs, multiplier;
  int out_tiles, tap_tiles;
  long long places, piece;
};
constexpr int depthwise_taps = 9;

template <class T, class Thread>
void depthwise_weight(const Thread& t, const DepthwiseWeight& p) {
  int block = t.block();
  const int out = block % p.out_tiles * 32 + t.lane();
  block /= p.out_tiles;
  const int tap0 = block % p.tap_tiles * depthwise_taps, piece = block / p.tap_tiles;
  const int taps = p.axis[0].size * p.axis[1].size * p.axis[2].size;
  const int made0 = p.axis[0].made, made1 = p.axis[1].made, made2 = p.axis[2].made;
  const int s0 = p.axis[0].source, s1 = p.axis[1].source, s2 = p.axis[2].source, channels = p.outs / p.multiplier;
  const long long first = piece * p.piece, last = first + p.piece < p.places ? first + p.piece : p.places;
  const T* x = static_cast<const T*>(p.x) + (out < p.outs ? out / p.multiplier : 0);
  const T* dy = static_cast<const T*>(p.dy) + (out < p.outs ? out : 0);

  int reach[depthwise_taps][3];
  for (int i = 0; i < depthwise_taps; ++i) {
    const WindowCounter tap = counter_of(tap0 + i, p.axis[2].size, p.axis[1].size, p.axis[0].size);
    for (int a = 0; a < 3; ++a) reach[i][a] = tap.at[2 - a] * p.axis[a].dilation - p.axis[a].pad;
  }
  float sum[depthwise_taps] = {};
  WindowCounter at = counter_of(first + t.warp(), made2, made1, made0);
  const WindowCounter next = counter_of(8, made2, made1, made0);
  for (long long place = first + t.warp(); place < last; place += 8) {
    const float slope = to_float(dy[place * p.outs]);
    const int from0 = at.at[2] * p.axis[0].stride, from1 = at.at[1] * p.axis[1].stride,
              from2 = at.at[0] * p.axis[2].stride;
    for (int i = 0; i < depthwise_taps; ++i) {
      const int p0 = from0 + reach[i][0], p1 = from1 + reach[i][1], p2 = from2 + reach[i][2];
      if (tap0 + i < taps && lies_within(p0, s0) && lies_within(p1, s1) && lies_within(p2, s2)) {
        const long long number = ((static_cast<long long>(at.at[3]) * s0 + p0) * s1 + p1) * s2 + p2;
        sum[i] += slope * to_float(x[number * channels]);
      }
    }
    at.add(next, made2, made1, made0);
  }
  const auto parts = t.template shared<float>();  // [taps][8 warps][32 outs]
  for (int i = 0; i < depthwise_taps; ++i) parts[i * 256 + t.index()] = sum[i];
  t.sync();
  for (int i = t.warp(); i < depthwise_taps; i += 8) {
    float all = 0;
    for (int warp = 0; warp < 8; ++warp) all += parts[i * 256 + warp * 32 + t.lane()];
    if (tap0 + i < taps && out < p.outs) p.sums[(static_cast<long long>(piece) * p.outs + out) * taps + tap0 + i] = all;
  }
}

}  // namespace dl::cuda
