// Convolution and pooling: literal results of PyTorch, gradients included, on every device. All numbers are whole.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a 2x2 convolution of one channel, and its gradients") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 3, 3, 1}}), w = input(g, "w", {DType::f32, {1, 1, 2, 2}});
  const Value y = convolution(x, w, {.size = {2, 2}});
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const std::vector<Value> d = gradients(sum(y * dy), {x, w});
  const Feed feed{{"x", pattern(9, 7, 11)}, {"w", pattern(4, 5, 7)}, {"dy", pattern(4, 3, 5)}};
  check_value(y, feed, {17, -4, -13, -1});
  check_value(d[0], feed, {6, -7, 2, 3, -4, 2, 0, 2, -4});
  check_value(d[1], feed, {9, -13, -13, -13});
}

TEST_CASE("a convolution with unequal strides, padding, dilation and two groups, and its gradients") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 4, 5, 4}}), w = input(g, "w", {DType::f32, {4, 2, 2, 3}});
  const Window window{.size = {2, 3}, .stride = {2, 1}, .pad_before = {1, 0}, .pad_after = {0, 2}, .dilation = {1, 2}};
  const Value y = convolution(x, w, window, 2);
  REQUIRE(y.shape() == Shape{1, 2, 3, 4});
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const std::vector<Value> d = gradients(sum(y * dy), {x, w});
  const Feed feed{{"x", pattern(80, 7, 11)}, {"w", pattern(48, 5, 7)}, {"dy", pattern(24, 3, 5)}};
  check_value(y, feed, {1, -4, 27, -36, 8, 7, -20, 20, -9, -9, 0, -5, 7, -18, -8, 7, 6, -1, 23, -25, 3, 7, -29, 11});
  check_value(d[0], feed,
              {6,  -3, 7,   -5, -4,  6, -4, 3, -10, 6,   10, 3, 0, -4, -4, -4, 2, -10, 3, 10, 5, 7, -4, 6, -4,  -4, -4,
               0,  3,  10,  6,  -10, 3, -4, 6, -4,  -11, 3,  1, 6, 6,  -6, -6, 4, -4,  3, -2, 2, 3, 3,  5, -11, 3,  -4,
               -6, -2, -11, 3,  7,   5, 0,  0, 0,   0,   0,  0, 0, 0,  0,  0,  0, 0,   0, 0,  0, 0, 0,  0, 0,   0});
  check_value(d[1], feed,
              {-13, -15, -5, -5, -7, 4, 6,  -7, -1, 14, 12, -6, 12, 14, 10, -1, 0,  1,   -7, 6, 2,  -5, -4,  0,
               6,   7,   0,  0,  -1, 0, -9, -8, 0,  15, 3,  4,  2,  2,  6,  -7, -5, -10, 2,  2, -8, 7,  -13, -10});
}

TEST_CASE("max pooling with padding, overlap and equal maxima: the first of equals takes the gradient") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 5, 4, 2}});
  const Window window{.size = {3, 2}, .stride = {2, 1}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  const Value y = max_pool(x, window);
  REQUIRE(y.shape() == Shape{1, 3, 5, 2});
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const Feed feed{{"x", pattern(40, 7, 11)}, {"dy", pattern(30, 3, 5)}};
  check_value(y, feed, {-4, 3, -1, 5, 2, 5, 5, 1, 5, 1, -2, 5, 1, 5, 4, 0, 5, 3, 5, 3, -1, 5, 2, 5, 5, 1, 5, 4, -3, 4});
  check_value(gradients(sum(y * dy), {x})[0], feed,
              {0, 0, 0, 0, 0,  0, 0,  0, -2, 1,  -1, 0,  0,  0, 6,  -1, 0, 0,  0, 0,
               0, 0, 0, 0, -2, 6, -1, 0, 0,  -2, 0,  -1, -2, 0, -1, 0,  1, -2, 2, -1});
}

TEST_CASE("padding never wins a maximum") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 1, 1, 1}});
  const Window window{.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  check_value(max_pool(x, window), {{"x", {-7}}}, {-7});
}
