// Kernels of pooling on emulated threads against its definition.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cuda/max_pool2d_plan.h"
#include "tests/device/cuda/kernel_table.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Numbers = std::vector<float>;
constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();

const EmulatedKernels kernels = {DL_EMULATED(Pool, max_pool2d<unsigned char, 4>),
                                 DL_EMULATED(Pool, max_pool2d<unsigned char, 1>),
                                 DL_EMULATED(Pool, max_pool2d<int, 4>),
                                 DL_EMULATED(Pool, max_pool2d<int, 1>),
                                 DL_EMULATED(Pool, max_pool2d<void, 4>),
                                 DL_EMULATED(Pool, max_pool2d<void, 1>),
                                 DL_EMULATED(PoolGradient, max_pool2d_gradient<unsigned char, 4>),
                                 DL_EMULATED(PoolGradient, max_pool2d_gradient<unsigned char, 1>),
                                 DL_EMULATED(PoolGradient, max_pool2d_gradient<int, 4>),
                                 DL_EMULATED(PoolGradient, max_pool2d_gradient<int, 1>)};

struct Pooled {
  Numbers y, dx;
  std::vector<int> places;
  // NaN is equal to itself.
  bool operator==(const Pooled& other) const {
    const auto same = [](const Numbers& a, const Numbers& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](float l, float r) { return l == r || (std::isnan(l) && std::isnan(r)); });
    };
    return same(y, other.y) && same(dx, other.dx) && places == other.places;
  }
};

// By the definition: the first of the largest, the first NaN where there is one, and its number in the window.
Pooled expected_of(const Window& w, const Shape& xs, const Shape& ys, const Numbers& x, const Numbers& dy) {
  Pooled p{{}, Numbers(x.size(), 0), {}};
  for (int64_t i = 0; i < ys[0]; ++i)
    for (int64_t oy = 0; oy < ys[1]; ++oy)
      for (int64_t ox = 0; ox < ys[2]; ++ox)
        for (int64_t c = 0; c < ys[3]; ++c) {
          float largest = -infinity;
          int place = -1;
          size_t from = 0;
          for (int64_t k = 0; k < w.size[0] * w.size[1]; ++k) {
            const int64_t r = oy * w.stride[0] + k / w.size[1] * w.dilation[0] - w.pad_before[0],
                          q = ox * w.stride[1] + k % w.size[1] * w.dilation[1] - w.pad_before[1];
            if (r < 0 || r >= xs[1] || q < 0 || q >= xs[2]) continue;
            const size_t at = static_cast<size_t>(((i * xs[1] + r) * xs[2] + q) * xs[3] + c);
            if (place >= 0 && !(x[at] > largest) && !(std::isnan(x[at]) && !std::isnan(largest))) continue;
            largest = x[at];
            place = static_cast<int>(k);
            from = at;
          }
          if (place >= 0) p.dx[from] += dy[p.y.size()];
          p.y.push_back(largest);
          p.places.push_back(std::max(place, 0));
        }
  return p;
}

template <class Place>
Pooled found_of(const Window& w, const Shape& xs, const Shape& ys, const Numbers& x, const Numbers& dy, DType dtype,
                unsigned seed) {
  Pooled p{Numbers(dy.size(), nan), Numbers(x.size(), nan), {}};
  std::vector<Place> places(dy.size(), Place{77});
  MaxPoolPlan plan = plan_max_pool2d(w, xs, ys, dtype);
  plan.arguments.x = x.data();
  plan.arguments.y = p.y.data();
  plan.arguments.places = places.data();
  run_kernel(kernels, plan.source(true).call, plan.grid, &plan.arguments, seed);
  MaxPoolGradientPlan gradient = plan_max_pool2d_gradient(w, xs, ys, dtype);
  gradient.arguments.dy = dy.data();
  gradient.arguments.places = places.data();
  gradient.arguments.dx = p.dx.data();
  run_kernel(kernels, gradient.source().call, gradient.grid, &gradient.arguments, seed);
  p.places.assign(places.begin(), places.end());
  // Without places the numbers are the same, and nobody's places are touched.
  Numbers alone(dy.size(), nan);
  plan.arguments.y = alone.data();
  plan.arguments.places = nullptr;
  run_kernel(kernels, plan.source(false).call, plan.grid, &plan.arguments, seed);
  CHECK(Pooled{alone, {}, {}} == Pooled{p.y, {}, {}});
  return p;
}

int64_t draw(uint64_t seed, uint64_t i, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(dl::random_bits(seed, 2, i) % static_cast<uint64_t>(high - low + 1));
}

// Few different numbers, so that many windows have equal maxima; -infinity and NaN among them.
Numbers numbers_with_ties(int64_t n, uint64_t seed) {
  Numbers numbers;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t k = draw(seed, 1000 + static_cast<uint64_t>(i), -4, 30);
    numbers.push_back(k == 30 ? nan : k == 29 ? -infinity : static_cast<float>(k % 5));
  }
  return numbers;
}

void check_pooling(const Window& w, int64_t images, int64_t high, int64_t wide, int64_t channels, uint64_t seed) {
  const Shape xs{images, high, wide, channels};
  const Shape ys{images, w.output(0, high), w.output(1, wide), channels};
  if (ys[1] < 1 || ys[2] < 1) return;
  CAPTURE(w.text());
  CAPTURE(xs.text());
  const Numbers x = numbers_with_ties(xs.elements(), seed);
  Numbers dy;
  for (int64_t i = 0; i < ys.elements(); ++i) dy.push_back(dl::random_uniform(seed, 3, static_cast<uint64_t>(i)));
  const Pooled expected = expected_of(w, xs, ys, x, dy);
  for (const unsigned order : {1u, 2u}) {
    CHECK(found_of<int>(w, xs, ys, x, dy, DType::i32, order) == expected);
    if (w.size[0] * w.size[1] <= 256) CHECK(found_of<unsigned char>(w, xs, ys, x, dy, DType::u8, order) == expected);
  }
}

}  // namespace

TEST_CASE("emulated pooling finds the first of the largest numbers and sends its slope there, the same bits always") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Window w;
    for (uint64_t axis = 0; axis < 2; ++axis) {
      w.size[axis] = draw(seed, axis, 1, 4);
      w.stride[axis] = draw(seed, 10 + axis, 1, 4);
      w.dilation[axis] = draw(seed, 20 + axis, 0, 2) ? 1 : draw(seed, 30 + axis, 1, 3);
      w.pad_before[axis] = draw(seed, 40 + axis, 0, w.size[axis]);
      w.pad_after[axis] = draw(seed, 50 + axis, 0, w.size[axis]);
    }
    check_pooling(w, draw(seed, 60, 1, 3), draw(seed, 61, 1, 9), draw(seed, 62, 1, 9),
                  draw(seed, 63, 0, 1) ? 4 * draw(seed, 64, 1, 3) : draw(seed, 65, 1, 7), seed);
  }
}

TEST_CASE("emulated pooling of windows with more places than a byte counts, as of a whole image") {
  check_pooling({.size = {17, 19}}, 2, 17, 19, 3, 1);
  check_pooling({.size = {20, 16}, .stride = {3, 2}, .pad_before = {4, 5}}, 1, 25, 21, 4, 2);
}
