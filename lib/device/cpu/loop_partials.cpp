// Segments: begun, summed, ended, merged.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_partials.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace dl {

namespace {

using ResultKind = Loop::Result::Kind;

int64_t rounded(int64_t floats) { return (floats + 15) / 16 * 16; }

// As many rows as fill whole vectors, and several of them, where a row is short.
int64_t lanes_for(int64_t cols) {
  if (cols >= 64) return 1;
  const int64_t rows = 16 / std::gcd(cols, int64_t{16});
  return rows * std::max<int64_t>(1, 64 / (rows * cols));
}

// Sets of values, each with its mean and the sum of squared distances from it, made one (Chan et al. 1979), for some
// columns at a time: first the common mean from all sets, then the squares around it.
struct Merged {
  static constexpr int64_t most = 64;  // columns
  double mean[most] = {}, squares[most] = {};

  // count(k), means(k) and distances(k): size, and pointers to the columns, of set k < sets.
  template <class Count, class Means, class Squares>
  void merge(int64_t sets, double all, int64_t columns, Count count, Means means, Squares distances) {
    for (int64_t k = 0; k < sets; ++k) {
      const double share = count(k) / all;
      const float* m = means(k);
      for (int64_t j = 0; j < columns; ++j) mean[j] += share * static_cast<double>(m[j]);
    }
    for (int64_t k = 0; k < sets; ++k) {
      const double n = count(k);
      const float *m = means(k), *q = distances(k);
      for (int64_t j = 0; j < columns; ++j) {
        const double d = static_cast<double>(m[j]) - mean[j];
        squares[j] += static_cast<double>(q[j]) + n * d * d;
      }
    }
  }
};

}  // namespace

LoopPartials::LoopPartials(Loop::Result::Kind kind, bool row, int64_t group, int64_t rows, int64_t cols,
                           const LoopReductions& simd)
    : kind_(kind),
      rows_(rows),
      cols_(row ? 1 : cols),
      group_(kind == ResultKind::total ? rows : group),
      simd_(simd),
      lanes_(kind == ResultKind::total ? 1 : lanes_for(cols)) {}

void LoopPartials::set_chunk(int64_t rows) { chunk_ = rows; }

int64_t LoopPartials::shared_floats() const {
  if (kind_ == ResultKind::total) return rounded(2 * segments());  // doubles
  if (whole_groups()) return 0;
  return rounded(segments() * cols_) * (kind_ == ResultKind::moments ? 2 : 1);
}

int64_t LoopPartials::local_floats() const {
  if (kind_ == ResultKind::total) return 16;
  return rounded(lanes_ * cols_) * (kind_ == ResultKind::moments ? 3 : 1);
}

void LoopPartials::begin(float* shared, float* output, float* second_output) {
  shared_ = shared;
  output_ = output;
  second_ = second_output;
}

int64_t LoopPartials::segment_begin(int64_t r) const { return std::max(r / chunk_ * chunk_, r / group_ * group_); }

int64_t LoopPartials::segment_end(int64_t r) const {
  return std::min({(r / chunk_ + 1) * chunk_, (r / group_ + 1) * group_, rows_});
}

void LoopPartials::add(float* local, int64_t r, int64_t n, int64_t c, int64_t width, const float* x) {
  for (const int64_t stop = r + n; r < stop;) {
    const int64_t begin = segment_begin(r), end = segment_end(r), some = std::min(end, stop) - r;
    add_segment(local, begin, r, some, c, width, x);
    if (r + some == end) end_segment(local, begin, end, c, width);
    x += some * width;
    r += some;
  }
}

void LoopPartials::add_segment(float* local, int64_t begin, int64_t r, int64_t n, int64_t c, int64_t width,
                               const float* x) {
  if (kind_ == ResultKind::total) {
    double* sum = reinterpret_cast<double*>(local);
    *sum = (r == begin && c == 0 ? 0.0 : *sum) + simd_.total(x, n * width);
    return;
  }
  const int64_t row_of_lanes = lanes_ * cols_, plane = rounded(row_of_lanes);
  float *sum = local, *square = local + plane, *shift = local + 2 * plane;
  const bool moments = kind_ == ResultKind::moments;
  const auto rows = [&](int64_t at, const float* from, int64_t count, int64_t wide) {
    if (moments)
      simd_.moment_rows(sum + at, square + at, shift + at, from, count, wide, wide);
    else
      simd_.sum_rows(sum + at, from, count, wide, wide);
  };
  if (lanes_ == 1) {
    if (r == begin) {
      std::fill_n(sum + c, width, 0.0f);
      if (moments) std::fill_n(square + c, width, 0.0f);
      if (moments) std::copy_n(x, width, shift + c);
    }
    return rows(c, x, n, width);
  }
  if (r == begin) {
    std::fill_n(sum, row_of_lanes, 0.0f);
    if (moments) std::fill_n(square, row_of_lanes, 0.0f);
  }
  while (n > 0) {
    const int64_t lane = (r - begin) % lanes_;
    // Each lane is shifted by its own first value, so that its squares do not cancel.
    const int64_t whole = moments && r - begin < lanes_ ? 0 : (lane == 0 ? n / lanes_ : 0);
    const int64_t some = whole > 0 ? whole * lanes_ : std::min(lanes_ - lane, n);
    if (moments && r - begin < lanes_) std::copy_n(x, some * cols_, shift + lane * cols_);
    if (whole > 0)
      rows(0, x, whole, row_of_lanes);
    else
      rows(lane * cols_, x, 1, some * cols_);
    x += some * cols_;
    r += some;
    n -= some;
  }
}

void LoopPartials::end_segment(float* local, int64_t begin, int64_t end, int64_t c, int64_t width) {
  const int64_t at = segment(begin), plane = rounded(lanes_ * cols_), group = begin / group_;
  if (kind_ == ResultKind::total) {
    // The tiles of a row end its segment one after another; the last has it all.
    std::memcpy(shared_ + 2 * at, local, sizeof(double));
    return;
  }
  const bool whole = whole_groups();
  if (kind_ == ResultKind::sum) {
    float* to = (whole ? output_ + group * cols_ : shared_ + at * cols_) + c;
    if (lanes_ == 1) return void(std::copy_n(local + c, width, to));
    return simd_.merge_sums(to, local, lanes_, cols_, cols_);
  }
  float* means = (whole ? output_ + group * cols_ : shared_ + at * cols_) + c;
  float* squares = (whole ? second_ + group * cols_ : shared_ + rounded(segments() * cols_) + at * cols_) + c;
  const int64_t n = end - begin, lanes = std::min(lanes_, n);
  const auto count = [&](int64_t lane) { return static_cast<double>((n - lane + lanes_ - 1) / lanes_); };
  // Sums of distances from a lane's first value become its mean, and squares around that mean. The first value is one
  // of the lane, so the squares lose at most a factor n of their precision where they cancel.
  for (int64_t lane = 0; lane < lanes; ++lane) {
    float *sum = local + lane * cols_ + c, *square = sum + plane, *shift = square + plane;
    const float inverse = static_cast<float>(1 / count(lane));
    for (int64_t j = 0; j < width; ++j) {
      const float mean = sum[j] * inverse;
      square[j] = std::max(0.0f, square[j] - sum[j] * mean);
      shift[j] += mean;
    }
  }
  const float scale = whole ? static_cast<float>(1.0 / static_cast<double>(n)) : 1.0f;
  const float *lane_squares = local + plane + c, *lane_means = lane_squares + plane;
  if (lanes_ == 1) {
    std::copy_n(lane_means, width, means);
    for (int64_t j = 0; j < width; ++j) squares[j] = lane_squares[j] * scale;
    return;
  }
  Merged all;  // lanes_ > 1: fewer than 64 columns
  all.merge(
      lanes, static_cast<double>(n), width, count, [&](int64_t lane) { return lane_means + lane * cols_; },
      [&](int64_t lane) { return lane_squares + lane * cols_; });
  for (int64_t j = 0; j < width; ++j) {
    means[j] = static_cast<float>(all.mean[j]);
    squares[j] = static_cast<float>(all.squares[j]) * scale;
  }
}

void LoopPartials::finish() {
  if (kind_ == ResultKind::total) {
    const double* sums = reinterpret_cast<const double*>(shared_);
    double sum = 0;
    for (int64_t r = 0; r < rows_; r = segment_end(r)) sum += sums[segment(r)];
    output_[0] = static_cast<float>(sum);
    return;
  }
  if (whole_groups()) return;
  for (int64_t g = 0; g < rows_ / group_; ++g) {
    if (kind_ == ResultKind::moments) {
      merge_moments(g);
    } else {
      const int64_t first = segment(g * group_), last = segment((g + 1) * group_ - 1);
      simd_.merge_sums(output_ + g * cols_, shared_ + first * cols_, last - first + 1, cols_, cols_);
    }
  }
}

void LoopPartials::merge_moments(int64_t group) {
  const int64_t begin = group * group_, end = begin + group_, first = segment(begin),
                sets = segment(end - 1) - first + 1;
  const auto count = [&](int64_t k) {  // within a group segments are numbered without gaps, one a chunk
    const int64_t chunk = begin / chunk_ + k;
    return static_cast<double>(std::min(end, (chunk + 1) * chunk_) - std::max(begin, chunk * chunk_));
  };
  const float *means = shared_ + first * cols_, *squares = means + rounded(segments() * cols_);
  for (int64_t c = 0; c < cols_; c += Merged::most) {
    const int64_t width = std::min(Merged::most, cols_ - c);
    Merged all;
    all.merge(
        sets, static_cast<double>(group_), width, count, [&](int64_t k) { return means + k * cols_ + c; },
        [&](int64_t k) { return squares + k * cols_ + c; });
    for (int64_t j = 0; j < width; ++j) {
      output_[group * cols_ + c + j] = static_cast<float>(all.mean[j]);
      second_[group * cols_ + c + j] = static_cast<float>(all.squares[j] / static_cast<double>(group_));
    }
  }
}

}  // namespace dl
