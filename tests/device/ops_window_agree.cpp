// Convolutions and pooling over random shapes and windows, with their gradients, give the same on every device as on
// the reference.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/convolution.h"
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

Window random_window(Draw& draw, int rank = 2, int64_t least = 1, int64_t most = 5) {
  Window window{.rank = rank};
  for (size_t axis = 0; axis < static_cast<size_t>(rank); ++axis) {
    window.size[axis] = draw(least, most);
    window.stride[axis] = draw(1, 3);
    window.dilation[axis] = draw(0, 3) ? 1 : draw(1, 3);
    window.pad_before[axis] = draw(0, window.size[axis] - 1);
    window.pad_after[axis] = draw(0, window.size[axis] - 1);
  }
  return window;
}

// [images, spatial …, channels] of random sizes, or [] where the window does not fit.
Shape random_shape(Draw& draw, const Window& window, int64_t most_size, int64_t channels) {
  std::vector<int64_t> sizes{draw(1, 3)};
  for (int axis = 0; axis < window.rank; ++axis) {
    sizes.push_back(draw(1, most_size));
    if (window.output(axis, sizes.back()) < 1) return {};
  }
  sizes.push_back(channels);
  return Shape(std::move(sizes));
}

Shape weight_shape(const Window& window, int64_t out, int64_t in) {
  std::vector<int64_t> sizes{out, in};
  sizes.insert(sizes.end(), window.size.begin(), window.size.begin() + window.rank);
  return Shape(std::move(sizes));
}

void check_agreement(uint64_t seed, const Graph& g, const std::vector<Value>& values,
                     const std::vector<std::string>& names, const Feed& feed) {
  const std::vector<std::string> devices = devices_for(seed);
  if (devices.empty()) return;
  const std::vector<Numbers> expected = evaluate(g, values, feed);
  for (const std::string& device : devices) {
    CAPTURE(device);
    const std::vector<Numbers> found = evaluate(g, values, feed, device);
    for (size_t i = 0; i < values.size(); ++i) {
      const double worst = difference(found[i], expected[i]);  // the largest of a window in the padding is -infinity
      CHECK_MESSAGE(worst <= 1e-5, names[i], " differs by ", worst);
    }
  }
}

void check_convolution(uint64_t seed, int rank, int64_t most_channels, int64_t most_size, bool bf16 = false) {
  Draw draw(seed);
  const Window window = random_window(draw, rank, 1, rank == 3 ? 4 : 5);
  const int64_t groups = draw(0, 3) ? 1 : draw(2, 4);
  const int64_t in = draw(bf16 && groups > 1 ? 2 : 1, most_channels);
  const Shape x_shape = random_shape(draw, window, most_size, groups * in);
  if (x_shape.rank() == 0) return;
  const Shape w_shape = weight_shape(window, groups * draw(1, most_channels), in);
  CAPTURE(window.text());
  CAPTURE(groups);
  CAPTURE(x_shape.text());
  CAPTURE(w_shape.text());
  Graph g;
  const auto operand = [&](const std::string& name, const Shape& shape) {
    const Value v = input(g, name, {DType::f32, shape});
    return bf16 ? as_bf16(v) : v;
  };
  const Value x = operand("x", x_shape), w = operand("w", w_shape), y = convolution(x, w, window, groups);
  const Value dy = operand("dy", y.shape());
  const Value dx = g.add_one(std::make_shared<ConvolutionGradInput>(window, groups, x_shape), {dy, w});
  const Value dw = g.add_one(std::make_shared<ConvolutionGradWeight>(window, groups, w_shape), {x, dy});
  // What follows the products row by row, and sums over all rows, is part of their kernels.
  const Value after = maximum(dx + 0.25, 0), sums = sum(after, {0});
  check_agreement(seed, g, {y, dx, dw, maximum(y * 0.5, 0), after, sums},
                  {"y", "dx", "dw", "what follows y", "what follows dx", "its sums"},
                  {{"x", random_numbers(x_shape.elements(), seed)},
                   {"w", random_numbers(w_shape.elements(), seed + 1)},
                   {"dy", random_numbers(y.shape().elements(), seed + 2)}});
}

// The largest of each window as it is defined, and where the first of equals lies: index of the input.
struct Largest {
  Numbers numbers;
  std::vector<size_t> places;
};
Largest largest_of(const Numbers& x, const Shape& shape, const Window& window, const Shape& y) {
  const int64_t channels = shape.last();
  Largest found;
  for (int64_t at = 0; at < y.elements(); ++at) {
    float largest = -std::numeric_limits<float>::infinity();
    size_t place = x.size();
    int64_t taps = 1;
    for (int axis = 0; axis < window.rank; ++axis) taps *= window.size[static_cast<size_t>(axis)];
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t index = 0, step = channels, of_y = at / channels, of_tap = tap;
      bool inside = true;
      for (int axis = window.rank - 1; axis >= 0; --axis) {
        const size_t i = static_cast<size_t>(axis);
        const int64_t place_of =
            of_y % y[axis + 1] * window.stride[i] + of_tap % window.size[i] * window.dilation[i] - window.pad_before[i];
        inside = inside && place_of >= 0 && place_of < shape[axis + 1];
        index += place_of * step;
        step *= shape[axis + 1];
        of_y /= y[axis + 1];
        of_tap /= window.size[i];
      }
      if (!inside) continue;
      const size_t element = static_cast<size_t>(index + of_y * step + at % channels);
      if (place < x.size() && x[element] <= largest) continue;
      largest = x[element];
      place = element;
    }
    found.numbers.push_back(largest);
    found.places.push_back(place);
  }
  return found;
}

void check_max_pooling(uint64_t seed, int rank, int64_t least, int64_t most, int64_t most_size) {
  Draw draw(seed);
  const Window window = random_window(draw, rank, least, most);
  const Shape shape = random_shape(draw, window, most_size, draw(1, 40));
  if (shape.rank() == 0) return;
  CAPTURE(window.text());
  CAPTURE(shape.text());
  Graph g;
  const Value x = input(g, "x", {DType::f32, shape});
  const Value y = max_pool(x, window);
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  // Few different numbers, so that many windows have equal maxima.
  Numbers numbers = random_numbers(shape.elements(), seed, -4, 4);
  for (float& v : numbers) v = std::floor(v);
  const Numbers slopes = random_numbers(y.shape().elements(), seed + 1);
  check_agreement(seed, g, {y, gradients(sum(y * dy), {x})[0]}, {"y", "dx"}, {{"x", numbers}, {"dy", slopes}});
  if (rank == 2) return;  // pooled as images, which the reference device defines
  const Largest expected = largest_of(numbers, shape, window, y.shape());
  Numbers dx(numbers.size(), 0);
  for (size_t i = 0; i < slopes.size(); ++i)
    if (expected.places[i] < dx.size()) dx[expected.places[i]] += slopes[i];
  const std::vector<Numbers> found = evaluate(g, {y, gradients(sum(y * dy), {x})[0]}, {{"x", numbers}, {"dy", slopes}});
  CHECK(found[0] == expected.numbers);
  check_close(found[1], dx, 1e-5);
}

}  // namespace

TEST_CASE("random convolutions of few channels agree with the reference device") {
  for (uint64_t seed = 0; seed < 200; ++seed) check_convolution(seed, 2, 3, 9);
}

TEST_CASE("random convolutions of many channels agree with the reference device") {
  for (uint64_t seed = 1000; seed < 1030; ++seed) check_convolution(seed, 2, 40, 14);
}

TEST_CASE("random convolutions of sequences agree with the reference device") {
  for (uint64_t seed = 2000; seed < 2150; ++seed) check_convolution(seed, 1, 5, 20);
  for (uint64_t seed = 2500; seed < 2520; ++seed) check_convolution(seed, 1, 40, 60);
}

TEST_CASE("random convolutions of volumes agree with the reference device") {
  for (uint64_t seed = 3000; seed < 3200; ++seed) check_convolution(seed, 3, 4, 6);
  for (uint64_t seed = 3500; seed < 3512; ++seed) check_convolution(seed, 3, 24, 8);
}

TEST_CASE("random convolutions of bf16 agree with the reference device, whatever the axes") {
  for (const int rank : {1, 2, 3})
    for (uint64_t seed = 4000; seed < 4040; ++seed) check_convolution(seed, rank, 5, rank == 1 ? 20 : 6, true);
}

TEST_CASE("random max pooling agrees with the reference device") {
  for (uint64_t seed = 0; seed < 150; ++seed) check_max_pooling(seed, 2, 1, 5, 11);
}

TEST_CASE("random max pooling of sequences and volumes finds the first of the largest numbers") {
  for (uint64_t seed = 500; seed < 600; ++seed) check_max_pooling(seed, 1, 1, 6, 20);
  for (uint64_t seed = 600; seed < 680; ++seed) check_max_pooling(seed, 3, 1, 3, 6);
}

TEST_CASE("random max pooling over windows of more places than a byte counts agrees with the reference device") {
  for (uint64_t seed = 0; seed < 40; ++seed) check_max_pooling(seed, 2, 15, 40, 60);
}

TEST_CASE("an image is pooled whole") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 37, 37, 2}});
  const Value y = max_pool(x, {.size = {37, 37}});
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
    const Value pooled = max_pool(x, window), y = convolution(x, w, window);
    check_agreement(0, g, {y, gradients(sum(y * y), {x})[0], gradients(sum(pooled * pooled), {x})[0]},
                    {"y", "dx", "dx of the maxima"},
                    {{"x", random_numbers(shape.elements(), 1)}, {"w", random_numbers(5 * 3 * 4 * 3, 2)}});
  }
}

TEST_CASE("volumes of many planes are convolved in chunks, with kernels deeper than what is laid side by side") {
  const Window window{.rank = 3,
                      .size = {11, 3, 3},
                      .stride = {2, 1, 1},
                      .pad_before = {5, 1, 1},
                      .pad_after = {4, 1, 1},
                      .dilation = {1, 1, 1}};
  const Shape shape{2, 23, 90, 80, 4};
  Graph g;
  const Value x = input(g, "x", {DType::f32, shape}), w = input(g, "w", {DType::f32, {5, 4, 11, 3, 3}});
  const Value y = convolution(x, w, window);
  const std::vector<Value> d = gradients(sum(y * y), {x, w});
  const Feed feed{{"x", random_numbers(shape.elements(), 1)}, {"w", random_numbers(w.shape().elements(), 2)}};
  // Against what two threads and one make of it, and against the sum over the kernel's planes, each by itself.
  const std::vector<Numbers> found = evaluate(g, {y, d[0], d[1]}, feed, "cpu");
  CHECK(evaluate(g, {y, d[0], d[1]}, feed, "cpu", 1) == found);
  Value total;
  for (int64_t k = 0; k < 11; ++k) {
    Window plane = window;
    plane.size[0] = 1;
    plane.pad_before[0] = 5 - k;
    plane.pad_after[0] = k - 6;
    const Value part = convolution(x, slice(w, 2, k, 1), plane);
    total = total ? total + part : part;
  }
  const std::vector<Value> by_planes = gradients(sum(total * total), {x, w});
  const std::vector<Numbers> expected = evaluate(g, {total, by_planes[0], by_planes[1]}, feed, "cpu");
  for (size_t i = 0; i < found.size(); ++i) {
    double largest = 0, worst = 0;
    for (size_t k = 0; k < found[i].size(); ++k) {
      largest = std::max(largest, std::abs(double{expected[i][k]}));
      worst = std::max(worst, std::abs(double{found[i][k]} - double{expected[i][k]}));
    }
    CHECK_MESSAGE(worst <= 1e-5 * largest, "result ", i, " differs by ", worst, " of ", largest);
  }
}
