// Shape rules: the result's shape, or an error that says what does not fit.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/sizes.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string shape_error(auto&& build) { return error_text<ShapeError>(build); }

Value image(Graph& g, Shape shape) { return input(g, "x", {DType::f32, std::move(shape)}); }

}  // namespace

TEST_CASE("shapes are broadcast from the last axis on") {
  CHECK(broadcast({2, 1, 3}, {4, 1}) == Shape{2, 4, 3});
  CHECK(broadcast({}, {5}) == Shape{5});
  CHECK(broadcast({0, 1}, {1, 3}) == Shape{0, 3});
}

TEST_CASE("shapes that cannot be broadcast are named") {
  CHECK(shape_error([] { broadcast({2, 3}, {4, 2}); }) == "shapes [2, 3] and [4, 2] differ and neither size is 1");
}

TEST_CASE("a reshape keeps the number of elements") {
  Graph g;
  const Value x = image(g, {2, 6});
  CHECK(reshape(x, {3, -1}).shape() == Shape{3, 4});
  CHECK(reshape(x, {2, 6}) == x);
  CHECK(shape_error([&] { reshape(x, {5, 2}); }) == "cannot reshape [2, 6] to [5, 2]: 12 elements against 10");
}

TEST_CASE("a matrix product needs equal inner sizes") {
  Graph g;
  const Value a = input(g, "a", {DType::f32, {2, 3}}), b = input(g, "b", {DType::f32, {4, 2}});
  CHECK(matmul(a, b, true, true).shape() == Shape{3, 4});
  CHECK(matmul(b, a).shape() == Shape{4, 3});
  CHECK(matmul(image(g, {5, 4, 2}), a).shape() == Shape{5, 4, 3});
  CHECK(shape_error([&] { matmul(a, b); }) == "cannot multiply [2, 3] by [4, 2]");
  CHECK(shape_error([&] { matmul(a, b, true, false); }) == "cannot multiply [2, 3] transposed by [4, 2]");
}

TEST_CASE("a window's output size, with padding, stride and dilation") {
  const Window window{.size = {3, 2}, .stride = {2, 1}, .pad_before = {1, 0}, .pad_after = {1, 0}, .dilation = {2, 1}};
  CHECK(window.output(0, 7) == 3);
  CHECK(window.output(1, 7) == 6);
  CHECK(window.output(0, 2) == 0);
}

TEST_CASE("a kernel that does not fit into its image is told with both sizes") {
  Graph g;
  const Value x = image(g, {1, 2, 4, 3}), w = input(g, "w", {DType::f32, {5, 3, 3, 3}});
  CHECK(shape_error([&] {
          convolution(x, w, {.size = {3, 3}});
        }) ==
        "a 3x3 kernel does not fit into an image of 2x4; pad, or use a smaller kernel_size or fewer strides before");
  const Value line = input(g, "line", {DType::f32, {1, 4, 3}}), kernel = input(g, "k", {DType::f32, {5, 3, 7}});
  CHECK(shape_error([&] { convolution(line, kernel, {.rank = 1, .size = {7}}); }) ==
        "a kernel of 7 does not fit into a length of 4; pad, or use a smaller kernel_size or fewer strides before");
  const Value volume = input(g, "volume", {DType::f32, {1, 2, 3, 4, 1}});
  CHECK(shape_error([&] {
          max_pool(volume, {.rank = 3, .size = {2, 4, 2}});
        }) == "a 2x4x2 window does not fit into a volume of 2x3x4; use a smaller window or fewer strides before");
  CHECK(shape_error([&] {
          max_pool(x, {.size = {2, 5}});
        }) == "a 2x5 window does not fit into an image of 2x4; use a smaller window or fewer strides before");
}

TEST_CASE("results of every elementwise function are f32") {
  Graph g;
  const Value pixels = input(g, "x", {DType::u8, {2}});
  CHECK(abs(pixels).type() == Type{DType::f32, {2}});
  CHECK(as_f32(pixels).type() == Type{DType::f32, {2}});
  CHECK(as_f32(abs(pixels)) == abs(pixels));
}

TEST_CASE("reductions keep the reduced axes, with size 1") {
  Graph g;
  const Value x = image(g, {2, 3, 4});
  CHECK(sum(x, {0, -1}).shape() == Shape{1, 3, 1});
  CHECK(max(x, {1}).shape() == Shape{2, 1, 4});
  CHECK(moments(x, {2}).variance.shape() == Shape{2, 3, 1});
  CHECK(sum(x).shape() == Shape{});
}

TEST_CASE("tensors laid beside each other differ in one axis only") {
  Graph g;
  const Value a = input(g, "a", {DType::f32, {2, 3}}), b = input(g, "b", {DType::f32, {3, 3}});
  CHECK(concatenate({a, b}, 0).shape() == Shape{5, 3});
  CHECK(shape_error([&] { concatenate({a, b}, 1); }) == "cannot lay [3, 3] beside [2, 3] along axis 1");
}

TEST_CASE("sizes that 64 bits do not count are refused where a value is made") {
  Graph g;
  const int64_t large = int64_t{1} << 40;
  const Value x = image(g, {1, 8});
  const auto weight = [&](Shape shape) { return shape_error([&] { input(g, "w", {DType::f32, std::move(shape)}); }); };
  CHECK(weight({large, large}) ==
        "shape [1099511627776, 1099511627776]: larger than 64 bits count; lower the sizes that it is made of");
  CHECK(weight({4611686018427387904, 8}) ==
        "shape [4611686018427387904, 8]: larger than 64 bits count; lower the sizes that it is made of");
  CHECK(weight({int64_t{1} << 60}) ==
        "shape [1152921504606846976]: larger than 64 bits count; lower the sizes that it is made of");  // in bytes
  CHECK(weight({0, large, large}) == "");
  CHECK(shape_error([&] {
          broadcast_to(x, {large, large, 8});
        }) == "shape [1099511627776, 1099511627776, 8]: larger than 64 bits count; lower the sizes that it is made of");
  CHECK(shape_error([&] { times(large, large); }) ==
        "1099511627776 times 1099511627776: larger than 64 bits count; lower the sizes that it is made of");
  CHECK(shape_error([&] { plus(INT64_MAX, 1); }) ==
        "9223372036854775807 and 1: larger than 64 bits count; lower the sizes that it is made of");
}

TEST_CASE("windows that devices could make no table of are refused") {
  Graph g;
  const Value x = image(g, {1, 5000, 5000, 1}), w = input(g, "w", {DType::f32, {1, 1, 3000, 3000}});
  CHECK(shape_error([&] {
          convolution(x, w, {.size = {3000, 3000}});
        }) == "a kernel of 3000x3000 has more than 4194304 weights a channel; lower kernel_size");
  const Value small = input(g, "small", {DType::f32, {1, 1, 2, 2}});
  CHECK(shape_error([&] {
          convolution(x, small, {.size = {2, 2}, .stride = {3000, 3000}});
        }) == "a stride of 3000x3000 passes over more than 4194304 places; lower stride");
  CHECK(max_pool(x, {.size = {5000, 5000}}).shape() == Shape{1, 1, 1, 1});
  const Value wide = input(g, "wide", {DType::f32, {1, 50000, 50000, 1}});
  CHECK(shape_error([&] {
          max_pool(wide, {.size = {50000, 50000}});
        }) == "a window of 50000x50000 has more than 2147483647 places; use a smaller window");
}
