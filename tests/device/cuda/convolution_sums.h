// Convolutions of tests: their shapes, numbers, and the sums that their definition states.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cuda/convolution_plan.h"

namespace dl::cuda {

using Numbers = std::vector<float>;

inline Shape with_axes(int64_t first, const std::vector<int64_t>& axes, int64_t last) {
  std::vector<int64_t> sizes{first};
  sizes.insert(sizes.end(), axes.begin(), axes.end());
  sizes.push_back(last);
  return Shape(std::move(sizes));
}

// Of images of these sizes; [] where the window does not fit.
inline ConvolutionShapes shapes_of(const Window& window, int64_t images, const std::vector<int64_t>& sizes,
                                   int64_t groups, int64_t depth, int64_t width) {
  ConvolutionShapes s{.window = window, .groups = groups};
  std::vector<int64_t> outputs, weight{groups * width, depth};
  for (int axis = 0; axis < window.rank; ++axis) {
    outputs.push_back(window.output(axis, sizes[static_cast<size_t>(axis)]));
    weight.push_back(window.size[static_cast<size_t>(axis)]);
    if (outputs.back() < 1) return s;
  }
  s.x = with_axes(images, sizes, groups * depth);
  s.y = with_axes(images, outputs, groups * width);
  s.weight = Shape(std::move(weight));
  return s;
}

// Whole numbers of 64ths from -1 to 1, which bf16 and tf32 have.
inline Numbers numbers(const Shape& shape, uint64_t seed) {
  Numbers n(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < n.size(); ++i) n[i] = static_cast<float>(dl::random_bits(seed, 0, i) % 129) / 64 - 1;
  return n;
}

// What a kernel reads: in a buffer of exactly its size, in the type that it multiplies.
class Factor {
 public:
  Factor(const Numbers& n, bool bf16) {
    if (bf16) {
      narrow_.resize(n.size());
      for (size_t i = 0; i < n.size(); ++i) narrow_[i] = bf16_of_float(n[i]);
    } else {
      wide_ = n;
    }
  }
  const void* data() const { return wide_.empty() ? static_cast<const void*>(narrow_.data()) : wide_.data(); }

 private:
  Numbers wide_;
  std::vector<uint16_t> narrow_;
};

struct Products {
  Numbers y, dx, dw;
};

// Every product of an input, a weight and an output, whose sums are the three results.
inline Products expected_products(const ConvolutionShapes& s, const Numbers& x, const Numbers& w, const Numbers& dy) {
  std::vector<double> y(dy.size()), dx(x.size()), dw(w.size());
  const int64_t channels = s.x.last(), outs = s.y.last(), taps = s.taps();
  const int64_t y_places = s.y.elements() / outs;
  for (int64_t place = 0; place < y_places; ++place) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t of_place = place, of_tap = tap, from = 0, step = 1;
      bool inside = true;
      for (int axis = s.window.rank - 1; axis >= 0; --axis) {
        const size_t i = static_cast<size_t>(axis);
        const int64_t at = of_place % s.y[axis + 1] * s.window.stride[i] +
                           of_tap % s.window.size[i] * s.window.dilation[i] - s.window.pad_before[i];
        inside = inside && at >= 0 && at < s.x[axis + 1];
        from += at * step;
        step *= s.x[axis + 1];
        of_place /= s.y[axis + 1];
        of_tap /= s.window.size[i];
      }
      if (!inside) continue;
      from += of_place * step;
      for (int64_t o = 0; o < outs; ++o) {
        for (int64_t d = 0; d < s.depth(); ++d) {
          const size_t of_x = static_cast<size_t>(from * channels + o / s.width() * s.depth() + d),
                       of_w = static_cast<size_t>((o * s.depth() + d) * taps + tap),
                       of_y = static_cast<size_t>(place * outs + o);
          y[of_y] += double{x[of_x]} * w[of_w];
          dx[of_x] += double{dy[of_y]} * w[of_w];
          dw[of_w] += double{dy[of_y]} * x[of_x];
        }
      }
    }
  }
  return {{y.begin(), y.end()}, {dx.begin(), dx.end()}, {dw.begin(), dw.end()}};
}

inline double worst_difference(const Numbers& found, const Numbers& expected) {
  double largest = 1, worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(double{expected[i]}));
    const double d = std::abs(double{found[i]} - double{expected[i]});
    worst = d <= worst ? worst : std::isnan(d) ? INFINITY : d;
  }
  return worst / largest;
}

}  // namespace dl::cuda
