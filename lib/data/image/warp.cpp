// The image is copied into a frame of what lies outside, so that no pixel asks whether its place is inside.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/warp.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/vectorized.h"

namespace dl {
namespace {

// One thread's memory: the framed image, and the places of a row.
struct WarpMemory {
  std::vector<std::byte> framed;
  std::vector<float> x, y;
};
thread_local WarpMemory warp_memory;

// The image with a pixel of `fill` to the left and above, two to the right and below; returns values a row.
template <class T>
int64_t frame(const T* in, const ImageType& type, std::span<const float> fill, std::vector<std::byte>& into) {
  const auto [h, w, c] = type;
  const int64_t row = (w + 3) * c;
  into.resize(std::max(into.size(), static_cast<size_t>((h + 3) * row) * sizeof(T)));
  T* out = reinterpret_cast<T*>(into.data());
  const auto put = [&](int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i)
      for (int64_t k = 0; k < c; ++k)
        *out++ = fill.empty() ? T{} : static_cast<T>(fill[fill.size() == 1 ? 0 : static_cast<size_t>(k)]);
  };
  put(w + 3);
  for (int64_t y = 0; y < h; ++y, in += w * c) {
    put(1);
    std::memcpy(out, in, static_cast<size_t>(w * c) * sizeof(T));
    out += w * c;
    put(2);
  }
  put(2 * (w + 3));
  return row;
}

template <class T, int fixed>
void nearest_row(const T* framed, int64_t row, int64_t any_c, const float* xs, const float* ys, int64_t n, T* out) {
  const int64_t c = fixed ? fixed : any_c;
  for (int64_t i = 0; i < n; ++i, out += c) {
    const T* pixel = framed + static_cast<int64_t>(static_cast<int32_t>(ys[i])) * row + static_cast<int32_t>(xs[i]) * c;
    for (int64_t k = 0; k < c; ++k) out[k] = pixel[k];
  }
}

template <int fixed>
void bilinear_row(const uint8_t* framed, int64_t row, int64_t any_c, const float* xs, const float* ys, int64_t n,
                  uint8_t* out) {
  const int64_t c = fixed ? fixed : any_c;
  for (int64_t i = 0; i < n; ++i, out += c) {
    const auto x = static_cast<int32_t>(xs[i] * 2048 + 0.5f), y = static_cast<int32_t>(ys[i] * 2048 + 0.5f);
    const int32_t fx = x & 2047, fy = y & 2047;
    const uint8_t* pixel = framed + (y >> 11) * row + (x >> 11) * c;
    for (int64_t k = 0; k < c; ++k) {
      const int32_t above = pixel[k] * (2048 - fx) + pixel[c + k] * fx;
      const int32_t below = pixel[row + k] * (2048 - fx) + pixel[row + c + k] * fx;
      out[k] = static_cast<uint8_t>((above * (2048 - fy) + below * fy + (1 << 21)) >> 22);
    }
  }
}

template <int fixed>
void bilinear_row(const float* framed, int64_t row, int64_t any_c, const float* xs, const float* ys, int64_t n,
                  float* out) {
  const int64_t c = fixed ? fixed : any_c;
  for (int64_t i = 0; i < n; ++i, out += c) {
    const auto x = static_cast<int32_t>(xs[i]), y = static_cast<int32_t>(ys[i]);
    const float fx = xs[i] - static_cast<float>(x), fy = ys[i] - static_cast<float>(y);
    const float* pixel = framed + y * row + x * c;
    for (int64_t k = 0; k < c; ++k) {
      const float above = pixel[k] + (pixel[c + k] - pixel[k]) * fx;
      const float below = pixel[row + k] + (pixel[row + c + k] - pixel[row + k]) * fx;
      out[k] = above + (below - above) * fy;
    }
  }
}

template <class T>
using SampleRow = void (*)(const T*, int64_t, int64_t, const float*, const float*, int64_t, T*);

template <class T, int fixed>
SampleRow<T> sample_row(bool bilinear) {
  if constexpr (!std::is_same_v<T, int32_t>)
    if (bilinear) return static_cast<SampleRow<T>>(&bilinear_row<fixed>);
  return &nearest_row<T, fixed>;
}

// Brings places to the frame's, within it; what is no number goes to its beginning.
DL_INLINED inline void into_frame(float* at, int64_t n, int64_t size, bool bilinear) {
  const auto last = static_cast<float>(size);
  if (bilinear) {
    for (int64_t i = 0; i < n; ++i) at[i] = std::min(std::max(0.0f, at[i] + 1), last + 1);
    return;
  }
  constexpr float whole = 12582912;  // 1.5 · 2^23: what is added to it is rounded to whole numbers
  for (int64_t i = 0; i < n; ++i) at[i] = (std::min(std::max(-1.0f, at[i]), last) + whole) - whole + 1;
}

// `place_row(y, xs, ys)` gives the places of a row.
template <class T, class PlaceRow>
void sampled(const std::byte* in, const ImageType& type, const WarpOptions& options, std::byte* into,
             const PlaceRow& place_row) {
  const auto [h, w, c] = type;
  WarpMemory& memory = warp_memory;
  const int64_t row = frame(reinterpret_cast<const T*>(in), type, options.fill, memory.framed);
  const T* framed = reinterpret_cast<const T*>(memory.framed.data());
  memory.x.resize(static_cast<size_t>(w));
  memory.y.resize(static_cast<size_t>(w));
  float *xs = memory.x.data(), *ys = memory.y.data();
  const bool bilinear = options.bilinear && !std::is_same_v<T, int32_t>;
  const auto sample = c == 3   ? sample_row<T, 3>(bilinear)
                      : c == 1 ? sample_row<T, 1>(bilinear)
                               : sample_row<T, 0>(bilinear);
  T* out = reinterpret_cast<T*>(into);
  for (int64_t y = 0; y < h; ++y, out += w * c) {
    vectorized([&, h = h, w = w]() DL_INLINED {
      place_row(y, xs, ys);
      into_frame(xs, w, w, bilinear);
      into_frame(ys, w, h, bilinear);
    });
    sample(framed, row, c, xs, ys, w, out);
  }
}

template <class PlaceRow>
void sampled(const std::byte* in, DType dtype, const ImageType& type, const WarpOptions& options, std::byte* out,
             const PlaceRow& place_row) {
  if (dtype == DType::u8) return sampled<uint8_t>(in, type, options, out, place_row);
  if (dtype == DType::i32) return sampled<int32_t>(in, type, options, out, place_row);
  DL_CHECK(dtype == DType::f32, name_of(dtype));
  sampled<float>(in, type, options, out, place_row);
}

}  // namespace

void warp(const std::byte* in, DType dtype, const ImageType& type, const Places& places, const WarpOptions& options,
          std::byte* out) {
  const int64_t w = type.w;
  const auto [a, b, c, d, e, f, g, h] = places;
  if (g == 0 && h == 0) {
    sampled(in, dtype, type, options, out, [=](int64_t row, float* xs, float* ys) DL_INLINED {
      const auto y = static_cast<double>(row);
      const double x_begin = b * y + c, y_begin = e * y + f;
      for (int64_t x = 0; x < w; ++x) xs[x] = static_cast<float>(x_begin + a * static_cast<int32_t>(x));
      for (int64_t x = 0; x < w; ++x) ys[x] = static_cast<float>(y_begin + d * static_cast<int32_t>(x));
    });
  } else {
    sampled(in, dtype, type, options, out, [=](int64_t row, float* xs, float* ys) DL_INLINED {
      const auto y = static_cast<double>(row);
      for (int64_t i = 0; i < w; ++i) {
        const double x = static_cast<int32_t>(i), depth = 1 / (g * x + h * y + 1);
        xs[i] = static_cast<float>((a * x + b * y + c) * depth);
        ys[i] = static_cast<float>((d * x + e * y + f) * depth);
      }
    });
  }
}

void displace(const std::byte* in, DType dtype, const ImageType& type, const float* dx, const float* dy,
              const WarpOptions& options, std::byte* out) {
  sampled(in, dtype, type, options, out, [=, w = type.w](int64_t y, float* xs, float* ys) DL_INLINED {
    for (int64_t x = 0; x < w; ++x) xs[x] = static_cast<float>(static_cast<int32_t>(x)) + dx[y * w + x];
    for (int64_t x = 0; x < w; ++x) ys[x] = static_cast<float>(static_cast<int32_t>(y)) + dy[y * w + x];
  });
}

// By the inverse of the matrix [a b c; d e f; g h 1], but for a factor.
void move_points(const Places& places, std::span<Point> points) {
  const auto [a, b, c, d, e, f, g, h] = places;
  for (Point& point : points) {
    const double x = point.x - 0.5, y = point.y - 0.5;
    const double depth = (d * h - e * g) * x + (b * g - a * h) * y + a * e - b * d;
    point = {((e - f * h) * x + (c * h - b) * y + b * f - c * e) / depth + 0.5,
             ((f * g - d) * x + (a - c * g) * y + c * d - a * f) / depth + 0.5};
  }
}

// The inverse of T(move) C R(angle) Shear(sx, sy) Scale(s) C^-1, as torchvision's _get_inverse_affine_matrix.
Places places_of(const AffineMap& map, double center_x, double center_y) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double turn = radians(map.angle), sx = radians(map.shear_x), sy = radians(map.shear_y);
  const double a = std::cos(turn - sy) / std::cos(sy);
  const double b = -std::cos(turn - sy) * std::tan(sx) / std::cos(sy) - std::sin(turn);
  const double c = std::sin(turn - sy) / std::cos(sy);
  const double d = -std::sin(turn - sy) * std::tan(sx) / std::cos(sy) + std::cos(turn);
  const double m[] = {d / map.scale, -b / map.scale, -c / map.scale, a / map.scale};
  // A corner of the image is half a pixel from the middle of its first pixel.
  const double cx = center_x - 0.5, cy = center_y - 0.5, x = -cx - map.move_x, y = -cy - map.move_y;
  return {m[0], m[1], m[0] * x + m[1] * y + cx, m[2], m[3], m[2] * x + m[3] * y + cy, 0, 0};
}

// Eight linear equations by Gauss' elimination with pivots.
Places places_of(const Corners& from, const Corners& to) {
  double rows[8][9];
  for (size_t i = 0; i < 4; ++i) {
    const auto [x, y] = to[i];
    const auto [u, v] = from[i];
    const double first[] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u}, second[] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
    std::ranges::copy(first, rows[2 * i]);
    std::ranges::copy(second, rows[2 * i + 1]);
  }
  for (size_t i = 0; i < 8; ++i) {
    size_t pivot = i;
    for (size_t j = i + 1; j < 8; ++j)
      if (std::abs(rows[j][i]) > std::abs(rows[pivot][i])) pivot = j;
    if (rows[pivot][i] == 0) return {1, 0, 0, 0, 1, 0, 0, 0};  // corners on a line
    std::swap_ranges(rows[i], rows[i] + 9, rows[pivot]);
    for (size_t j = 0; j < 8; ++j) {
      if (j == i) continue;
      const double factor = rows[j][i] / rows[i][i];
      for (size_t k = i; k < 9; ++k) rows[j][k] -= factor * rows[i][k];
    }
  }
  Places places;
  for (size_t i = 0; i < 8; ++i) places[i] = rows[i][8] / rows[i][i];
  return places;
}

}  // namespace dl
