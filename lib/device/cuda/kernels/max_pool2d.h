// The largest number of each window of an image, where in the window it is, and its gradient.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"
#include "lib/device/cuda/kernels/window.h"

namespace dl::cuda {

// x [images, source …, channels] -> y and places [images, made …, channels]; axis[0] are rows, axis[1] columns.
struct Pool {
  const float* x;
  float* y;
  void* places;  // unsigned char or int
  WindowAxis axis[2];
  int channels;
  Divisor by_vectors, by_columns, by_rows;  // vectors of a place of y, columns and rows of y
  long long vectors;                        // of y
};

// Which vector of channels at which place a thread makes: `item` of all.
struct PooledPlace {
  int channel, row, column;
  long long image;
};
inline PooledPlace pooled_place(long long item, const Divisor& by_vectors, const Divisor& by_columns,
                                const Divisor& by_rows, int at_once) {
  const long long place = by_vectors.quotient(item), row = by_columns.quotient(place), image = by_rows.quotient(row);
  return {static_cast<int>(item - place * by_vectors.divisor()) * at_once,
          static_cast<int>(row - image * by_rows.divisor()), static_cast<int>(place - row * by_columns.divisor()),
          image};
}

// A thread makes n neighbouring channels. The first of equal numbers is the largest, the first NaN where there is one;
// padding never is. Place: what the windows' places are counted in, void where nobody reads them.
template <class Place>
struct PlaceNumber {
  static constexpr bool read = true;
  using Number = Place;
};
template <>
struct PlaceNumber<void> {
  static constexpr bool read = false;
  using Number = int;
};
template <class Place, int n, class Thread>
void max_pool2d(const Thread& t, const Pool& p) {
  const long long item = static_cast<long long>(t.block()) * t.count() + t.index();
  if (item >= p.vectors) return;
  const PooledPlace at = pooled_place(item, p.by_vectors, p.by_columns, p.by_rows, n);
  const WindowAxis &rows = p.axis[0], &columns = p.axis[1];
  const float* x = p.x + at.image * rows.source * columns.source * p.channels + at.channel;
  const int row0 = at.row * rows.stride - rows.pad, column0 = at.column * columns.stride - columns.pad;
  Vector<float, n> largest;
  int place[n];
  for (int i = 0; i < n; ++i) largest.at[i] = float_of(0xff800000u), place[i] = 0;
  for (int k = rows.size - 1; k >= 0; --k) {  // backwards, so that the first of equals is kept
    const int row = row0 + k * rows.dilation;
    if (!lies_within(row, rows.source)) continue;
    for (int l = columns.size - 1; l >= 0; --l) {
      const int column = column0 + l * columns.dilation;
      if (!lies_within(column, columns.source)) continue;
      const auto v =
          t.template vector<Vector<float, n>>(x + (static_cast<long long>(row) * columns.source + column) * p.channels);
      for (int i = 0; i < n; ++i) {
        if (v.at[i] >= largest.at[i] || is_nan(v.at[i])) {
          largest.at[i] = v.at[i];
          place[i] = k * columns.size + l;
        }
      }
    }
  }
  t.put_vector(p.y + item * n, largest);
  if constexpr (PlaceNumber<Place>::read) {
    Vector<Place, n> places;
    for (int i = 0; i < n; ++i) places.at[i] = static_cast<Place>(place[i]);
    t.put_vector(static_cast<Place*>(p.places) + item * n, places);
  }
}

// dx [images, made …, channels] of dy and places [images, source …, channels]: what the windows over a place send it,
// added in their order.
struct PoolGradient {
  const float* dy;
  const void* places;
  float* dx;
  WindowAxis axis[2];
  int channels;
  Divisor by_vectors, by_columns, by_rows;  // vectors of a place of dx, columns and rows of dx
  Divisor by_stride[2], by_dilation[2];
  long long vectors;  // of dx
};

// The windows over a place of an axis: from first to last, of which some may pass over it.
struct WindowsOver {
  int first, last;
};
inline WindowsOver windows_over(const WindowAxis& a, const Divisor& by_stride, int place) {
  const int from = place + a.pad, before = from - (a.size - 1) * a.dilation;
  const int first = before > 0 ? by_stride.quotient(before + a.stride - 1) : 0, last = by_stride.quotient(from);
  return {first, last < a.source ? last : a.source - 1};
}

template <class Place, int n, class Thread>
void max_pool2d_gradient(const Thread& t, const PoolGradient& p) {
  const long long item = static_cast<long long>(t.block()) * t.count() + t.index();
  if (item >= p.vectors) return;
  const PooledPlace at = pooled_place(item, p.by_vectors, p.by_columns, p.by_rows, n);
  const WindowAxis &rows = p.axis[0], &columns = p.axis[1];
  const long long first = at.image * rows.source * columns.source * p.channels + at.channel;
  const Place* places = static_cast<const Place*>(p.places);
  const WindowsOver over_rows = windows_over(rows, p.by_stride[0], at.row),
                    over_columns = windows_over(columns, p.by_stride[1], at.column);
  Vector<float, n> sum;
  for (int i = 0; i < n; ++i) sum.at[i] = 0;
  for (int row = over_rows.first; row <= over_rows.last; ++row) {
    const int down = at.row + rows.pad - row * rows.stride, k = p.by_dilation[0].quotient(down);
    if (k * rows.dilation != down) continue;
    for (int column = over_columns.first; column <= over_columns.last; ++column) {
      const int right = at.column + columns.pad - column * columns.stride, l = p.by_dilation[1].quotient(right);
      if (l * columns.dilation != right) continue;
      const long long from = first + (static_cast<long long>(row) * columns.source + column) * p.channels;
      const auto place = t.template vector<Vector<Place, n>>(places + from);
      const auto dy = t.template vector<Vector<float, n>>(p.dy + from);
      for (int i = 0; i < n; ++i)
        if (static_cast<int>(place.at[i]) == k * columns.size + l) sum.at[i] += dy.at[i];
    }
  }
  t.put_vector(p.dx + item * n, sum);
}

}  // namespace dl::cuda
