// Down the columns into a row of sums, then along it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/blur.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/image/weighted_sum.h"

namespace dl {
namespace {

struct BlurMemory {
  std::vector<float> row, sums;
};
thread_local BlurMemory blur_memory;

int64_t mirrored(int64_t at, int64_t size) { return at < 0 ? -at : at >= size ? 2 * size - 2 - at : at; }

template <class T>
void blur_image(const T* in, const ImageType& type, std::span<const float> down, std::span<const float> across,
                T* out) {
  const auto [h, w, c] = type;
  const int64_t values = w * c, above = std::ssize(down) / 2, beside = std::ssize(across) / 2;
  BlurMemory& memory = blur_memory;
  memory.row.resize(static_cast<size_t>(values + 2 * beside * c));
  memory.sums.resize(static_cast<size_t>(values));
  float *begin = memory.row.data(), *row = begin + beside * c, *sums = memory.sums.data();
  for (int64_t y = 0; y < h; ++y, out += values) {
    vectorized([&, h = h, w = w, c = c]() DL_INLINED {
      std::fill_n(row, values, 0.0f);
      if (y >= above && y + above < h) {
        add_weighted(in + (y - above) * values, values, down.data(), std::ssize(down), values, row);
      } else {
        for (int64_t t = 0; t < std::ssize(down); ++t)
          add_rows<1>(in + mirrored(y - above + t, h) * values, 0, &down[static_cast<size_t>(t)], values, row);
      }
      for (int64_t x = 1; x <= beside; ++x)
        for (int64_t k = 0; k < c; ++k) {
          row[-x * c + k] = row[mirrored(-x, w) * c + k];
          row[(w - 1 + x) * c + k] = row[mirrored(w - 1 + x, w) * c + k];
        }
      std::fill_n(sums, values, 0.0f);
      add_weighted(static_cast<const float*>(begin), c, across.data(), std::ssize(across), values, sums);
      if constexpr (std::is_same_v<T, float>) {
        std::memcpy(out, sums, static_cast<size_t>(values) * sizeof(float));
      } else {
        for (int64_t i = 0; i < values; ++i) out[i] = static_cast<T>(static_cast<int32_t>(sums[i] + 0.5f));
      }
    });
  }
}

template <class T>
void sharpen_image(const T* in, const ImageType& type, float factor, T* out) {
  const auto [h, w, c] = type;
  const int64_t row = w * c;
  std::memcpy(out, in, static_cast<size_t>(h * row) * sizeof(T));
  for (int64_t y = 1; y < h - 1; ++y) {
    const T* middle = in + y * row;
    T* into = out + y * row;
    vectorized([=, c = c]() DL_INLINED {
      for (int64_t i = c; i < row - c; ++i) {
        const T *above = middle + i - row, *at = middle + i, *below = middle + i + row;
        if constexpr (std::is_same_v<T, float>) {
          const float sum =
              above[-c] + above[0] + above[c] + at[-c] + 5 * at[0] + at[c] + below[-c] + below[0] + below[c];
          into[i] = std::clamp(at[0] + (sum / 13 - at[0]) * (1 - factor), 0.0f, 1.0f);
        } else {
          const int32_t sum =
              above[-c] + above[0] + above[c] + at[-c] + 5 * at[0] + at[c] + below[-c] + below[0] + below[c];
          const auto mean = static_cast<float>(static_cast<int32_t>(static_cast<float>(sum) * (1.0f / 13) + 0.5f));
          const auto x = static_cast<float>(at[0]);
          const float y_new = std::min(std::max(x + (mean - x) * (1 - factor), 0.0f), 255.0f);
          into[i] = static_cast<T>(static_cast<int32_t>(y_new));
        }
      }
    });
  }
}

}  // namespace

std::vector<float> gaussian(int64_t size, double sigma) {
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double t = (static_cast<double>(i) - static_cast<double>(size - 1) / 2) / sigma;
    weights.push_back(std::exp(-0.5 * t * t));
    sum += weights.back();
  }
  std::vector<float> result;
  for (const double weight : weights) result.push_back(static_cast<float>(weight / sum));
  return result;
}

void blur(const std::byte* in, DType dtype, const ImageType& type, std::span<const float> down,
          std::span<const float> across, std::byte* out) {
  DL_CHECK(std::ssize(down) < 2 * type.h && std::ssize(across) < 2 * type.w, down.size(), " ", across.size());
  if (dtype == DType::u8)
    return blur_image(reinterpret_cast<const uint8_t*>(in), type, down, across, reinterpret_cast<uint8_t*>(out));
  DL_CHECK(dtype == DType::f32, name_of(dtype));
  blur_image(reinterpret_cast<const float*>(in), type, down, across, reinterpret_cast<float*>(out));
}

void sharpen(const std::byte* in, DType dtype, const ImageType& type, float factor, std::byte* out) {
  if (dtype == DType::u8)
    return sharpen_image(reinterpret_cast<const uint8_t*>(in), type, factor, reinterpret_cast<uint8_t*>(out));
  DL_CHECK(dtype == DType::f32, name_of(dtype));
  sharpen_image(reinterpret_cast<const float*>(in), type, factor, reinterpret_cast<float*>(out));
}

}  // namespace dl
