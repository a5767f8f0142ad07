// The CPU's convolution and its gradients against plain loops in double precision.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/bf16.h"
#include "lib/graph/ops/convolution.h"

#include "lib/device/cpu/few_columns.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/cpu/spread.h"
#include "lib/device/cpu/winograd_tiles.h"
#include "tests/device/cpu_kernel.h"

namespace dl {
namespace {

struct Case {
  int64_t images, height, width, in, out, groups;
  Window window;
};

Window window(int64_t height, int64_t width, int64_t stride, int64_t pad, int64_t dilation) {
  return {.size = {height, width},
          .stride = {stride, stride},
          .pad_before = {pad, pad},
          .pad_after = {pad, pad},
          .dilation = {dilation, dilation}};
}

const Window uneven = {.size = {3, 4}, .stride = {2, 1}, .pad_before = {0, 2}, .pad_after = {3, 1}, .dilation = {1, 2}};

const Case cases[] = {
    {2, 7, 7, 1, 6, 1, window(5, 5, 1, 2, 1)},     {3, 6, 9, 3, 17, 1, window(3, 3, 1, 1, 1)},
    {2, 9, 8, 6, 16, 1, window(5, 5, 1, 0, 1)},    {1, 28, 28, 1, 32, 1, window(3, 3, 1, 0, 1)},
    {2, 13, 11, 17, 33, 1, window(3, 3, 2, 1, 1)}, {2, 12, 12, 16, 32, 1, window(1, 1, 2, 0, 1)},
    {5, 4, 4, 33, 20, 1, window(1, 1, 1, 0, 1)},   {3, 13, 11, 40, 24, 1, window(1, 1, 2, 0, 1)},
    {2, 10, 16, 48, 3, 1, window(1, 1, 3, 0, 1)},  {9, 1, 1, 70, 33, 1, window(1, 1, 1, 0, 1)},
    {1, 21, 20, 3, 64, 1, window(7, 7, 2, 3, 1)},  {2, 11, 10, 4, 6, 1, window(3, 2, 3, 1, 1)},
    {2, 12, 13, 6, 10, 1, window(3, 3, 1, 2, 2)},  {1, 15, 14, 5, 7, 1, window(2, 3, 3, 1, 2)},
    {2, 9, 7, 6, 9, 3, window(3, 3, 1, 1, 1)},     {2, 8, 8, 20, 20, 20, window(3, 3, 1, 1, 1)},
    {1, 9, 10, 17, 17, 17, window(5, 3, 2, 2, 1)}, {1, 7, 7, 6, 12, 6, window(3, 3, 2, 1, 2)},
    {2, 8, 9, 4, 40, 2, window(3, 3, 1, 1, 1)},    {2, 10, 9, 3, 5, 1, uneven},
    {70, 3, 3, 2, 3, 1, window(3, 3, 1, 1, 1)},    {1, 5, 5, 8, 130, 1, window(5, 5, 1, 0, 1)},
    {1, 1, 1, 3, 4, 1, window(3, 3, 1, 1, 1)},     {2, 40, 6, 12, 18, 1, window(3, 3, 1, 1, 1)},
    {1, 4, 4, 2, 2, 1, window(2, 2, 3, 0, 1)},     {3, 8, 8, 64, 70, 1, window(3, 3, 1, 1, 1)},
    {2, 6, 8, 1, 6, 1, window(5, 5, 1, 2, 1)},     {3, 9, 17, 3, 5, 1, window(3, 3, 2, 1, 1)},
    {2, 7, 12, 18, 3, 1, window(4, 3, 1, 1, 1)},   {2, 8, 10, 3, 18, 1, window(5, 2, 1, 1, 1)},
};

// Windows that are taken by tiles, a quarter of whose products are made: tiles at every edge, alone in an image; more
// columns than tiles; blocks of several images; several groups of tiles for one weight gradient.
const Case tile_cases[] = {
    {5, 16, 12, 16, 16, 1, window(3, 3, 1, 1, 1)},  {3, 14, 15, 20, 33, 1, window(3, 3, 1, 0, 1)},
    {2, 11, 13, 37, 18, 1, window(3, 3, 1, 2, 1)},  {9, 7, 7, 24, 40, 1, window(3, 3, 1, 1, 1)},
    {1, 14, 14, 65, 30, 1, window(3, 3, 1, 1, 1)},  {40, 4, 4, 17, 50, 1, window(3, 3, 1, 1, 1)},
    {11, 32, 32, 16, 17, 1, window(3, 3, 1, 1, 1)}, {2, 9, 10, 40, 70, 1, window(3, 3, 1, 1, 1)},
};

// Images so small that a strip is one place of many of them: of odd numbers of images; of strides, gaps and padding
// that leave places without any tap; in groups; and more images than a weight's gradient sums at once.
const Case small_cases[] = {{20, 2, 2, 32, 40, 1, window(3, 3, 1, 1, 1)},
                            {33, 1, 1, 16, 20, 1, window(3, 3, 1, 1, 1)},
                            {17, 4, 4, 32, 48, 1, window(3, 3, 2, 1, 1)},
                            {9, 3, 2, 16, 17, 1, window(3, 3, 1, 2, 2)},
                            {40, 2, 3, 64, 36, 2, window(3, 3, 1, 1, 1)},
                            {12, 1, 5, 16, 16, 1, window(1, 3, 1, 1, 1)},
                            {25, 3, 4, 16, 33, 1, uneven},
                            {2, 2, 2, 70, 150, 1, window(2, 2, 1, 0, 1)},
                            {300, 2, 2, 80, 70, 1, window(2, 1, 1, 0, 1)}};

// Calls f(output element, input element, weight element) for every product of the convolution.
template <class F>
void for_each_product(const Case& c, F f) {
  const Window& w = c.window;
  const int64_t oh = w.output(0, c.height), ow = w.output(1, c.width);
  const int64_t in = c.in / c.groups, out = c.out / c.groups;
  for (int64_t n = 0; n < c.images; ++n)
    for (int64_t y = 0; y < oh; ++y)
      for (int64_t x = 0; x < ow; ++x)
        for (int64_t o = 0; o < c.out; ++o)
          for (int64_t i = 0; i < in; ++i)
            for (int64_t kh = 0; kh < w.size[0]; ++kh)
              for (int64_t kw = 0; kw < w.size[1]; ++kw) {
                const int64_t h = y * w.stride[0] - w.pad_before[0] + kh * w.dilation[0];
                const int64_t v = x * w.stride[1] - w.pad_before[1] + kw * w.dilation[1];
                if (h < 0 || h >= c.height || v < 0 || v >= c.width) continue;
                f(((n * oh + y) * ow + x) * c.out + o, ((n * c.height + h) * c.width + v) * c.in + o / out * in + i,
                  ((o * in + i) * w.size[0] + kh) * w.size[1] + kw);
              }
}

struct Expected {
  explicit Expected(int64_t n) : value(static_cast<size_t>(n)), size(static_cast<size_t>(n), 1.0) {}
  void add(int64_t i, double product) {
    value[static_cast<size_t>(i)] += product;
    size[static_cast<size_t>(i)] += std::abs(product);
  }
  std::vector<double> value, size;
};

struct Problem2d {
  explicit Problem2d(const Case& c)
      : x({DType::f32, {c.images, c.height, c.width, c.in}}),
        weight({DType::f32, {c.out, c.in / c.groups, c.window.size[0], c.window.size[1]}}),
        y(Convolution(c.window, c.groups).infer(std::vector<Type>{x, weight})[0]),
        x_values(testing::random_numbers(x.shape.elements(), 1, -0.5f, 0.5f)),
        weight_values(testing::random_numbers(weight.shape.elements(), 2, -0.5f, 0.5f)),
        y_values(testing::random_numbers(y.shape.elements(), 3, -0.5f, 0.5f)) {}
  Type x, weight, y;
  std::vector<float> x_values, weight_values, y_values;
};

// Elements that are off by more than `tolerance` of the sum of their products' sizes fail.
void check_forward(const Case& c, double tolerance) {
  const Problem2d p(c);
  Expected y(p.y.shape.elements());
  for_each_product(c, [&](int64_t o, int64_t i, int64_t w) {
    y.add(o, double{p.x_values[static_cast<size_t>(i)]} * p.weight_values[static_cast<size_t>(w)]);
  });
  const Type types[] = {p.x, p.weight};
  const void* inputs[] = {p.x_values.data(), p.weight_values.data()};
  testing::check_floats(Convolution(c.window, c.groups), types, inputs, y.value, y.size, tolerance);
}

void check_input_gradient(const Case& c, double tolerance) {
  const Problem2d p(c);
  Expected dx(p.x.shape.elements());
  for_each_product(c, [&](int64_t o, int64_t i, int64_t w) {
    dx.add(i, double{p.y_values[static_cast<size_t>(o)]} * p.weight_values[static_cast<size_t>(w)]);
  });
  const Type types[] = {p.y, p.weight};
  const void* inputs[] = {p.y_values.data(), p.weight_values.data()};
  testing::check_floats(ConvolutionGradInput(c.window, c.groups, p.x.shape), types, inputs, dx.value, dx.size,
                        tolerance);
}

void check_weight_gradient(const Case& c, double tolerance) {
  const Problem2d p(c);
  Expected dw(p.weight.shape.elements());
  for_each_product(c, [&](int64_t o, int64_t i, int64_t w) {
    dw.add(w, double{p.x_values[static_cast<size_t>(i)]} * p.y_values[static_cast<size_t>(o)]);
  });
  const Type types[] = {p.x, p.y};
  const void* inputs[] = {p.x_values.data(), p.y_values.data()};
  testing::check_floats(ConvolutionGradWeight(c.window, c.groups, p.weight.shape), types, inputs, dw.value, dw.size,
                        tolerance);
}

std::vector<uint16_t> rounded(std::vector<float>& values) {
  std::vector<uint16_t> all;
  for (float& value : values) {
    all.push_back(bf16_of_float(value));
    value = float_of_bf16(all.back());
  }
  return all;
}

}  // namespace

TEST_CASE("conv2d equals plain loops for every window, stride, padding, dilation and group") {
  for (const Case& c : cases) check_forward(c, 1e-6);
}

TEST_CASE("the input gradient of conv2d equals plain loops") {
  for (const Case& c : cases) check_input_gradient(c, 1e-6);
}

TEST_CASE("the weight gradient of conv2d equals plain loops") {
  for (const Case& c : cases) check_weight_gradient(c, 1e-6);
}

TEST_CASE("convolutions of small images, and their gradients, equal plain loops") {
  for (const Case& c : small_cases) {
    CAPTURE(c.images);
    check_forward(c, 1e-6);
    check_input_gradient(c, 1e-6);
    check_weight_gradient(c, 1e-6);
  }
}

TEST_CASE("3x3 windows by tiles of outputs equal plain loops, with a slightly larger rounding error") {
  for (const Case& c : tile_cases) {
    const Problem2d p(c);
    for (int lanes : {4, 8, 16}) {
      REQUIRE(winograd_pays(c.window, 1, WinogradTiles::of(c.window, p.x.shape, p.y.shape), lanes, 1));
    }
    check_forward(c, 3e-6);
    check_input_gradient(c, 3e-6);
    check_weight_gradient(c, 3e-6);
  }
}

TEST_CASE("windows by tiles are chosen where their products outweigh the transforms") {
  const auto chosen = [](const Shape& x, int64_t out, const Window& w, int64_t groups, double direct_rate = 1) {
    const Shape y{x[0], w.output(0, x[1]), w.output(1, x[2]), out};
    return winograd_pays(w, groups, WinogradTiles::of(w, x, y), 16, direct_rate);
  };
  CHECK(chosen({16, 56, 56, 64}, 64, window(3, 3, 1, 1, 1), 1));
  CHECK(chosen({1, 56, 56, 64}, 64, window(3, 3, 1, 1, 1), 1));
  CHECK(chosen({16, 56, 56, 64}, 64, window(3, 3, 1, 1, 1), 1, 2));  // beside bf16
  CHECK(chosen({128, 32, 32, 16}, 16, window(3, 3, 1, 1, 1), 1));
  CHECK_FALSE(chosen({128, 32, 32, 16}, 16, window(3, 3, 1, 1, 1), 1, 2));
  CHECK_FALSE(chosen({128, 32, 32, 3}, 16, window(3, 3, 1, 1, 1), 1));  // few products a tile
  CHECK_FALSE(chosen({1, 4, 4, 256}, 256, window(3, 3, 1, 1, 1), 1));   // few tiles for so many weights
  CHECK_FALSE(chosen({1, 7, 7, 512}, 512, window(3, 3, 1, 1, 1), 1));
  CHECK(chosen({16, 7, 7, 512}, 512, window(3, 3, 1, 1, 1), 1));
  CHECK(chosen({1, 14, 14, 32}, 64, window(3, 3, 1, 1, 1), 1));  // whose weights stay in the cache
  CHECK_FALSE(chosen({16, 56, 56, 64}, 64, window(3, 3, 2, 1, 1), 1));
  CHECK_FALSE(chosen({16, 56, 56, 64}, 64, window(3, 3, 1, 2, 2), 1));
  CHECK_FALSE(chosen({16, 56, 56, 64}, 64, window(5, 5, 1, 2, 1), 1));
  CHECK_FALSE(chosen({16, 56, 56, 64}, 64, window(3, 3, 1, 1, 1), 2));
}

TEST_CASE("the input gradient of few channels equals plain loops where every pixel adds to its window") {
  // An odd number of images, padding, strides that leave a remainder, several groups of the window's rows.
  const Case few[] = {{2, 14, 14, 6, 16, 1, window(5, 5, 1, 0, 1)}, {3, 13, 9, 3, 20, 1, window(5, 5, 1, 1, 1)},
                      {1, 15, 14, 3, 24, 1, window(7, 7, 2, 2, 1)}, {5, 19, 18, 6, 16, 1, window(9, 5, 1, 1, 1)},
                      {2, 16, 11, 1, 8, 1, window(4, 4, 3, 0, 1)},  {1, 20, 20, 5, 12, 1, window(6, 5, 1, 0, 1)}};
  for (const Case& c : few) {
    CAPTURE(c.height);
    CAPTURE(c.in);
    const Problem2d p(c);
    bool chosen = false;
    for (Isa isa : supported_isas()) {
      chosen |= SpreadGradient::pays(c.window, 1, p.y.shape, p.x.shape, DL_FOR_ISA(isa, spread_kernels));
    }
    if (supported(Isa::avx512)) CHECK(chosen);  // some pay with its vectors only
    check_input_gradient(c, 1e-6);
  }
}

TEST_CASE("pixels add to their windows where that fills vectors better and all stays in the cache") {
  for (Isa isa : supported_isas()) {
    const SpreadKernels& kernels = DL_FOR_ISA(isa, spread_kernels);
    if (kernels.lanes < 16) continue;
    const auto chosen = [&](const Shape& dx, int64_t out, const Window& w, int64_t groups = 1) {
      const Shape dy{dx[0], w.output(0, dx[1]), w.output(1, dx[2]), out};
      return SpreadGradient::pays(w, groups, dy, dx, kernels);
    };
    CHECK(chosen({128, 14, 14, 6}, 16, window(5, 5, 1, 0, 1)));
    CHECK_FALSE(chosen({128, 14, 14, 16}, 16, window(3, 3, 1, 1, 1)));  // the channels of one pixel fill a vector
    CHECK_FALSE(chosen({128, 14, 14, 6}, 16, window(5, 5, 1, 0, 2)));   // a row of the window has gaps
    CHECK_FALSE(chosen({128, 14, 14, 6}, 16, window(5, 5, 1, 0, 1), 2));
    CHECK_FALSE(chosen({8, 512, 512, 6}, 16, window(5, 5, 1, 0, 1)));   // images too large
    CHECK_FALSE(chosen({128, 14, 14, 6}, 256, window(5, 5, 1, 0, 1)));  // too many weights
  }
}

TEST_CASE("neighbouring outputs are joined where they fill vectors better") {
  CHECK(worthwhile_neighbours(6, 28, 5, 1, 16) == 2);   // 12 of 16 lanes for a window of 6 instead of 5
  CHECK(worthwhile_neighbours(6, 27, 5, 1, 16) == 1);   // which an odd number of outputs does not allow
  CHECK(worthwhile_neighbours(3, 32, 3, 1, 16) == 4);   // 12 lanes for a window of 6 instead of 3
  CHECK(worthwhile_neighbours(16, 32, 3, 1, 16) == 1);  // full as it is
  CHECK(worthwhile_neighbours(6, 28, 1, 1, 16) == 1);   // windows of one tap have nothing in common
}

namespace {

// All three of bf16 against products that are exact.
void check_bf16(const Case& c, double tolerance) {
  Problem2d p(c);
  const std::vector<uint16_t> x = rounded(p.x_values), weight = rounded(p.weight_values), dy = rounded(p.y_values);
  p.x.dtype = p.weight.dtype = p.y.dtype = DType::bf16;
  Expected y(p.y.shape.elements()), dx(p.x.shape.elements()), dw(p.weight.shape.elements());
  for_each_product(c, [&](int64_t o, int64_t i, int64_t w) {
    const double x_i = double{p.x_values[static_cast<size_t>(i)]},
                 w_i = double{p.weight_values[static_cast<size_t>(w)]},
                 dy_i = double{p.y_values[static_cast<size_t>(o)]};
    y.add(o, x_i * w_i);
    dx.add(i, dy_i * w_i);
    dw.add(w, x_i * dy_i);
  });
  const Type forward[] = {p.x, p.weight}, input[] = {p.y, p.weight}, weights[] = {p.x, p.y};
  const void *a[] = {x.data(), weight.data()}, *b[] = {dy.data(), weight.data()}, *d[] = {x.data(), dy.data()};
  testing::check_floats(Convolution(c.window, c.groups), forward, a, y.value, y.size, tolerance);
  testing::check_floats(ConvolutionGradInput(c.window, c.groups, p.x.shape), input, b, dx.value, dx.size, tolerance);
  testing::check_floats(ConvolutionGradWeight(c.window, c.groups, p.weight.shape), weights, d, dw.value, dw.size,
                        tolerance);
}

}  // namespace

TEST_CASE("the convolutions of bf16 equal plain loops: products are exact, sums f32") {
  for (const Case& c : cases) {
    if (c.groups > 1 && c.in == c.groups) continue;  // each channel by itself stays f32
    check_bf16(c, 1e-6);
  }
}

TEST_CASE("the convolutions of bf16 of small images equal plain loops") {
  for (const Case& c : small_cases) check_bf16(c, 1e-6);
}

TEST_CASE("3x3 windows over bf16 by tiles equal plain loops") {
  for (const Case& c : tile_cases) check_bf16(c, 3e-6);
  check_bf16({2, 22, 20, 48, 50, 1, window(3, 3, 1, 1, 1)}, 3e-6);  // chosen beside a processor's own bf16 too
}

}  // namespace dl
