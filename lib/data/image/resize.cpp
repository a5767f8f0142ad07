// Down the columns first, where neighbouring values lie side by side and most rows fall away, then along the rows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/weighted_sum.h"

namespace dl {
namespace {

// The weights of each output coordinate along one axis.
class Taps {
 public:
  struct One {
    int64_t first, count;
    const float* weights;
  };

  void plan(int64_t from, int64_t into) {
    const double scale = static_cast<double>(from) / static_cast<double>(into), reach = std::max(scale, 1.0);
    spans_.clear();
    weights_.clear();
    for (int64_t i = 0; i < into; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - reach + 0.5));
      const int64_t end = std::min(from, static_cast<int64_t>(centre + reach + 0.5));
      const size_t begin = weights_.size();
      double sum = 0;
      for (int64_t j = first; j < end; ++j) {
        const double weight = std::max(0.0, 1 - std::abs((static_cast<double>(j) + 0.5 - centre) / reach));
        weights_.push_back(static_cast<float>(weight));
        sum += weight;
      }
      for (size_t w = begin; w < weights_.size(); ++w)
        weights_[w] = static_cast<float>(static_cast<double>(weights_[w]) / sum);
      spans_.push_back({first, end - first, begin});
    }
  }

  One operator[](int64_t i) const {
    const Span& span = spans_[static_cast<size_t>(i)];
    return {span.first, span.count, weights_.data() + span.begin};
  }

 private:
  struct Span {
    int64_t first, count;
    size_t begin;
  };
  std::vector<Span> spans_;
  std::vector<float> weights_;
};

// One thread's memory.
struct Workspace {
  Taps down, across;
  std::vector<float> row;
};
thread_local Workspace workspace;

float rounded(float value, float) { return value; }
// Weights are positive and sum up to 1, so that bytes stay bytes.
uint8_t rounded(float value, uint8_t) { return static_cast<uint8_t>(value + 0.5f); }

template <class T>
void along_row(const float* row, const Taps& taps, int64_t width, int64_t channels, T* into) {
  for (int64_t x = 0; x < width; ++x) {
    const auto [first, count, weights] = taps[x];
    const float* pixel = row + first * channels;
    for (int64_t c = 0; c < channels; ++c) {
      float sum = 0;
      for (int64_t t = 0; t < count; ++t) sum += weights[t] * pixel[t * channels + c];
      *into++ = rounded(sum, T{});
    }
  }
}

typedef float Floats __attribute__((vector_size(16)));

// Colours, three side by side in a vector of four: `row` goes on for a value behind its last pixel.
template <class T>
void colours_along_row(const float* row, const Taps& taps, int64_t width, T* into) {
  for (int64_t x = 0; x < width; ++x, into += 3) {
    const auto [first, count, weights] = taps[x];
    const float* pixel = row + first * 3;
    Floats sum{};
    for (int64_t t = 0; t < count; ++t, pixel += 3) {
      Floats colours;
      std::memcpy(&colours, pixel, sizeof colours);
      sum += weights[t] * colours;
    }
    for (int c = 0; c < 3; ++c) into[c] = rounded(sum[c], T{});
  }
}

// `from` is the first value of a window [from_size.h, from_size.w, channels] whose rows stand `row` values apart.
template <class T>
void resize(const T* from, int64_t row, Pair from_size, int64_t channels, T* into, Pair into_size) {
  const int64_t values = from_size.w * channels;
  if (from_size == into_size) {
    for (int64_t y = 0; y < into_size.h; ++y)
      std::memcpy(into + y * values, from + y * row, static_cast<size_t>(values) * sizeof(T));
    return;
  }
  Workspace& w = workspace;
  w.down.plan(from_size.h, into_size.h);
  w.across.plan(from_size.w, into_size.w);
  w.row.resize(std::max(w.row.size(), static_cast<size_t>(values) + 1));
  for (int64_t y = 0; y < into_size.h; ++y, into += into_size.w * channels) {
    const Taps::One taps = w.down[y];
    vectorized([&]() DL_INLINED {
      std::fill_n(w.row.data(), values, 0.0f);
      add_weighted(from + taps.first * row, row, taps.weights, taps.count, values, w.row.data());
    });
    if (channels == 3) {
      colours_along_row(w.row.data(), w.across, into_size.w, into);
    } else {
      along_row(w.row.data(), w.across, into_size.w, channels, into);
    }
  }
}

}  // namespace

void resize_window(const std::byte* image, DType dtype, const ImageType& from, const ImageWindow& window,
                   std::byte* into, Pair into_size) {
  const int64_t row = from.w * from.c, begin = window.top * row + window.left * from.c;
  const Pair from_size(window.h, window.w);
  if (dtype == DType::u8) {
    resize(reinterpret_cast<const uint8_t*>(image) + begin, row, from_size, from.c, reinterpret_cast<uint8_t*>(into),
           into_size);
  } else {
    DL_CHECK(dtype == DType::f32, name_of(dtype));
    resize(reinterpret_cast<const float*>(image) + begin, row, from_size, from.c, reinterpret_cast<float*>(into),
           into_size);
  }
}

}  // namespace dl
