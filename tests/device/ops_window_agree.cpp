// Convolutions and pooling over random shapes and windows, with their gradients, give the same on every device as on
// the reference.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

class Draw {
 public:
  explicit Draw(uint64_t seed) : seed_(seed) {}
  int64_t operator()(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_bits(seed_, 2, next_++) % static_cast<uint64_t>(high - low + 1));
  }

 private:
  uint64_t seed_, next_ = 0;
};

Window random_window(Draw& draw, int64_t least = 1, int64_t most = 5) {
  Window window;
  for (size_t axis = 0; axis < 2; ++axis) {
    window.size[axis] = draw(least, most);
    window.stride[axis] = draw(1, 3);
    window.dilation[axis] = draw(0, 3) ? 1 : draw(1, 3);
    window.pad_before[axis] = draw(0, window.size[axis] - 1);
    window.pad_after[axis] = draw(0, window.size[axis] - 1);
  }
  return window;
}

void check_agreement(const Graph& g, const std::vector<Value>& values, const std::vector<std::string>& names,
                     const Feed& feed) {
  const std::vector<Numbers> expected = evaluate(g, values, feed);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> found = evaluate(g, values, feed, device);
    for (size_t i = 0; i < values.size(); ++i) {
      double largest = 1, worst = 0;
      for (float v : expected[i]) largest = std::max(largest, std::abs(double{v}));
      for (size_t k = 0; k < expected[i].size(); ++k) {
        const double d = std::abs(double{found[i][k]} - double{expected[i][k]});
        worst = d <= worst ? worst : d;
      }
      CHECK_MESSAGE(worst <= 1e-5 * largest, names[i], " differs by ", worst);
    }
  }
}

void check_convolution(uint64_t seed, int64_t most_channels, int64_t most_size) {
  Draw draw(seed);
  const Window window = random_window(draw);
  const int64_t groups = draw(0, 3) ? 1 : draw(2, 4);
  const Shape x_shape{draw(1, 3), draw(1, most_size), draw(1, most_size), groups * draw(1, most_channels)};
  const Shape w_shape{groups * draw(1, most_channels), x_shape[3] / groups, window.size[0], window.size[1]};
  if (window.output(0, x_shape[1]) < 1 || window.output(1, x_shape[2]) < 1) return;
  CAPTURE(window.text());
  CAPTURE(groups);
  CAPTURE(x_shape.text());
  CAPTURE(w_shape.text());
  Graph g;
  const Value x = input(g, "x", {DType::f32, x_shape}), w = input(g, "w", {DType::f32, w_shape});
  const Value y = conv2d(x, w, window, groups);
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const std::vector<Value> d = gradients(sum(y * dy), {x, w});
  check_agreement(g, {y, d[0], d[1]}, {"y", "dx", "dw"},
                  {{"x", random_numbers(x_shape.elements(), seed)},
                   {"w", random_numbers(w_shape.elements(), seed + 1)},
                   {"dy", random_numbers(y.shape().elements(), seed + 2)}});
}

void check_max_pooling(uint64_t seed, int64_t least, int64_t most, int64_t most_size) {
  Draw draw(seed);
  const Window window = random_window(draw, least, most);
  const Shape shape{draw(1, 3), draw(1, most_size), draw(1, most_size), draw(1, 40)};
  if (window.output(0, shape[1]) < 1 || window.output(1, shape[2]) < 1) return;
  CAPTURE(window.text());
  CAPTURE(shape.text());
  Graph g;
  const Value x = input(g, "x", {DType::f32, shape});
  const Value y = max_pool2d(x, window);
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  // Few different numbers, so that many windows have equal maxima.
  Numbers numbers = random_numbers(shape.elements(), seed, -4, 4);
  for (float& v : numbers) v = std::floor(v);
  check_agreement(g, {y, gradients(sum(y * dy), {x})[0]}, {"y", "dx"},
                  {{"x", numbers}, {"dy", random_numbers(y.shape().elements(), seed + 1)}});
}

}  // namespace

TEST_CASE("random convolutions of few channels agree with the reference device") {
  for (uint64_t seed = 0; seed < 300; ++seed) check_convolution(seed, 3, 9);
}

TEST_CASE("random convolutions of many channels agree with the reference device") {
  for (uint64_t seed = 1000; seed < 1040; ++seed) check_convolution(seed, 40, 14);
}

TEST_CASE("random max pooling agrees with the reference device") {
  for (uint64_t seed = 0; seed < 200; ++seed) check_max_pooling(seed, 1, 5, 11);
}

TEST_CASE("random max pooling over windows of more places than a byte counts agrees with the reference device") {
  for (uint64_t seed = 0; seed < 40; ++seed) check_max_pooling(seed, 15, 40, 60);
}

TEST_CASE("an image is pooled whole") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 37, 37, 2}});
  const Value y = max_pool2d(x, {.size = {37, 37}});
  Numbers numbers(37 * 37 * 2, -1), expected(numbers.size(), 0);
  numbers[2 * (36 * 37 + 35)] = 5;     // channel 0, place 1367
  numbers[2 * (7 * 37 + 36) + 1] = 3;  // channel 1, place 295
  expected[2 * (36 * 37 + 35)] = expected[2 * (7 * 37 + 36) + 1] = 1;
  check_value(y, {{"x", numbers}}, {5, 3});
  check_value(gradients(sum(y), {x})[0], {{"x", numbers}}, expected);
}

TEST_CASE("strides above, beside and across the window's steps give every input its gradient") {
  for (const auto& [stride, dilation] : {std::pair<int64_t, int64_t>{6, 4}, {4, 6}, {9, 2}, {5, 5}, {7, 1}}) {
    CAPTURE(stride);
    CAPTURE(dilation);
    const Window window{.size = {4, 3},
                        .stride = {stride, stride},
                        .pad_before = {2, 1},
                        .pad_after = {3, 0},
                        .dilation = {dilation, 1}};
    Graph g;
    const Shape shape{2, 31, 23, 3};
    const Value x = input(g, "x", {DType::f32, shape}), w = input(g, "w", {DType::f32, {5, 3, 4, 3}});
    const Value pooled = max_pool2d(x, window), y = conv2d(x, w, window);
    check_agreement(g, {y, gradients(sum(y * y), {x})[0], gradients(sum(pooled * pooled), {x})[0]},
                    {"y", "dx", "dx of the maxima"},
                    {{"x", random_numbers(shape.elements(), 1)}, {"w", random_numbers(5 * 3 * 4 * 3, 2)}});
  }
}
