// Sums and maxima along rows, over rows and over everything.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/loop_math.h"

namespace dl::DL_ISA {

namespace {

struct Add {
  static constexpr float nothing = 0.0f;
  static DL_INLINE vf of(vf a, vf b) { return a + b; }
};

struct Largest {
  static constexpr float nothing = -infinity;
  static DL_INLINE vf of(vf a, vf b) { return maximum(a, b); }
};

// The lanes folded onto each other, in a fixed order.
template <class Fold>
DL_INLINE float across(vf x) {
  for (int half = lanes / 2; half > 0; half /= 2) {
    const vi from = lane_index() ^ half;
    x = Fold::of(x, __builtin_shuffle(x, from));
  }
  return x[0];
}

template <class Fold>
DL_INLINE vf first_or_nothing(const float* x, int count) {
  return select(lane_index() < count, load_first(x, count), splat(Fold::nothing));
}

template <class Fold>
DL_INLINE float fold(const float* x, int64_t n) {
  vf part[4] = {splat(Fold::nothing), splat(Fold::nothing), splat(Fold::nothing), splat(Fold::nothing)};
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (int j = 0; j < 4; ++j) part[j] = Fold::of(part[j], load(x + i + j * lanes));
  }
  for (; i + lanes <= n; i += lanes) part[0] = Fold::of(part[0], load(x + i));
  if (i < n) part[1] = Fold::of(part[1], first_or_nothing<Fold>(x + i, static_cast<int>(n - i)));
  return across<Fold>(Fold::of(Fold::of(part[0], part[1]), Fold::of(part[2], part[3])));
}

template <class Fold>
void fold_rows(float* to, const float* x, int64_t rows, int64_t cols, bool more) {
  for (int64_t r = 0; r < rows; ++r) {
    const float y = cols <= lanes ? across<Fold>(first_or_nothing<Fold>(x + r * cols, static_cast<int>(cols)))
                                  : fold<Fold>(x + r * cols, cols);
    to[r] = more ? Fold::of(splat(to[r]), splat(y))[0] : y;
  }
}

double total(const float* x, int64_t n) {
  double sum = 0;
  constexpr int64_t block = 4096;
  for (int64_t i = 0; i < n; i += block) sum += static_cast<double>(fold<Add>(x + i, n - i < block ? n - i : block));
  return sum;
}

void sum_rows(float* sum, const float* x, int64_t rows, int64_t width, int64_t stride) {
  int64_t j = 0;
  for (; j + 4 * lanes <= width; j += 4 * lanes) {
    vf s[4];
    for (int k = 0; k < 4; ++k) s[k] = load(sum + j + k * lanes);
    for (int64_t r = 0; r < rows; ++r) {
      for (int k = 0; k < 4; ++k) s[k] += load(x + r * stride + j + k * lanes);
    }
    for (int k = 0; k < 4; ++k) store(sum + j + k * lanes, s[k]);
  }
  for (; j < width; j += lanes) {
    const int count = width - j < lanes ? static_cast<int>(width - j) : lanes;
    vf s = load_first(sum + j, count);
    for (int64_t r = 0; r < rows; ++r) s += load_first(x + r * stride + j, count);
    store_first(sum + j, s, count);
  }
}

void moment_rows(float* sum, float* square, const float* shift, const float* x, int64_t rows, int64_t width,
                 int64_t stride) {
  int64_t j = 0;
  for (; j + 2 * lanes <= width; j += 2 * lanes) {
    vf s[2], q[2], from[2];
    for (int k = 0; k < 2; ++k) {
      s[k] = load(sum + j + k * lanes);
      q[k] = load(square + j + k * lanes);
      from[k] = load(shift + j + k * lanes);
    }
    for (int64_t r = 0; r < rows; ++r) {
      for (int k = 0; k < 2; ++k) {
        const vf d = load(x + r * stride + j + k * lanes) - from[k];
        s[k] += d;
        q[k] = d * d + q[k];
      }
    }
    for (int k = 0; k < 2; ++k) {
      store(sum + j + k * lanes, s[k]);
      store(square + j + k * lanes, q[k]);
    }
  }
  for (; j < width; j += lanes) {
    const int count = width - j < lanes ? static_cast<int>(width - j) : lanes;
    vf s = load_first(sum + j, count), q = load_first(square + j, count);
    const vf from = load_first(shift + j, count);
    for (int64_t r = 0; r < rows; ++r) {
      const vf d = load_first(x + r * stride + j, count) - from;
      s += d;
      q = d * d + q;
    }
    store_first(sum + j, s, count);
    store_first(square + j, q, count);
  }
}

void merge_sums(float* to, const float* parts, int64_t count, int64_t stride, int64_t n) {
  constexpr int64_t width = 16;
  for (int64_t j = 0; j < n; j += width) {
    double sum[width] = {};
    const int64_t some = n - j < width ? n - j : width;
    if (some == width) {
      for (int64_t k = 0; k < count; ++k) {
        for (int64_t i = 0; i < width; ++i) sum[i] += static_cast<double>(parts[k * stride + j + i]);
      }
    } else {
      for (int64_t k = 0; k < count; ++k) {
        for (int64_t i = 0; i < some; ++i) sum[i] += static_cast<double>(parts[k * stride + j + i]);
      }
    }
    for (int64_t i = 0; i < some; ++i) to[j + i] = static_cast<float>(sum[i]);
  }
}

}  // namespace

constinit const LoopReductions loop_reductions = {
    .row_sum = fold_rows<Add>,
    .row_max = fold_rows<Largest>,
    .total = total,
    .sum_rows = sum_rows,
    .moment_rows = moment_rows,
    .merge_sums = merge_sums,
};

}  // namespace dl::DL_ISA
