// Matrix products: literal results on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a product of matrices, either transposed") {
  // [1 2 3; 4 5 6] [1 -1; 0 2; 5 1] = [16 6; 34 12]
  const Numbers a{1, 2, 3, 4, 5, 6}, at{1, 4, 2, 5, 3, 6}, b{1, -1, 0, 2, 5, 1}, bt{1, 0, 5, -1, 2, 1};
  const Numbers product{16, 6, 34, 12};
  Graph g;
  const Value x = input(g, "a", {DType::f32, {2, 3}}), xt = input(g, "at", {DType::f32, {3, 2}});
  const Value y = input(g, "b", {DType::f32, {3, 2}}), yt = input(g, "bt", {DType::f32, {2, 3}});
  const Feed feed{{"a", a}, {"at", at}, {"b", b}, {"bt", bt}};
  check_value(matmul(x, y), feed, product);
  check_value(matmul(xt, y, true), feed, product);
  check_value(matmul(x, yt, false, true), feed, product);
  check_value(matmul(xt, yt, true, true), feed, product);
}

TEST_CASE("a product of a sequence takes each position as a row, and so do its gradients") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 1, 3}}), w = input(g, "w", {DType::f32, {2, 3}});
  const Value y = matmul(x, w, false, true), dy = input(g, "dy", {DType::f32, {2, 1, 2}});
  const std::vector<Value> d = gradients(sum(y * dy), {x, w});
  const Feed feed{{"x", {1, 2, 3, 4, 5, 6}}, {"w", {1, 0, 5, -1, 2, 1}}, {"dy", {1, 0, 2, -1}}};
  REQUIRE(y.shape() == Shape{2, 1, 2});
  check_value(y, feed, {16, 6, 34, 12});
  REQUIRE(d[0].shape() == x.shape());
  check_value(d[0], feed, {1, 0, 5, 3, -2, 9});
  check_value(d[1], feed, {9, 12, 15, -4, -5, -6});
}

TEST_CASE("a product over a single element and of single rows") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3, 1}}), y = input(g, "y", {DType::f32, {1, 2}});
  const Feed feed{{"x", {1, 2, 3}}, {"y", {4, 5}}};
  check_value(matmul(x, y), feed, {4, 5, 8, 10, 12, 15});
  check_value(matmul(x, x, true), feed, {14});
}

TEST_CASE("products and their gradients agree with the reference device, to the same bits on any number of threads") {
  struct Sizes {
    int64_t rows, depth, columns;
  };
  // Few samples and many, cut by rows or by columns; of 601 and 1100 the gradient of w is summed in two halves, and
  // where samples are few beside columns the transposed product is made.
  for (const Sizes& s :
       {Sizes{130, 70, 100}, {601, 40, 50}, {34, 300, 200}, {256, 33, 10}, {19, 410, 1100}, {1100, 40, 50}}) {
    CAPTURE(s.rows);
    Graph g;
    const Value x = input(g, "x", {DType::f32, {s.rows, s.depth}}),
                w = input(g, "w", {DType::f32, {s.columns, s.depth}});
    const Value bias = input(g, "b", {DType::f32, {s.columns}});
    const Value y = map(Function::tanh, matmul(x, w, false, true) + bias);
    const Value dy = input(g, "dy", y.type());
    std::vector<Value> results = gradients(sum(y * dy), {x, w, bias});
    results.push_back(y);
    const Feed feed{{"x", random_numbers(s.rows * s.depth, 1)},
                    {"w", random_numbers(s.columns * s.depth, 2)},
                    {"b", random_numbers(s.columns, 3)},
                    {"dy", random_numbers(s.rows * s.columns, 4)}};
    const std::vector<Numbers> expected = evaluate(g, results, feed);
    for (const std::string& device : devices()) {
      CAPTURE(device);
      const std::vector<Numbers> one = evaluate(g, results, feed, device, 1);
      for (int threads = 2; threads <= 5; ++threads) {
        CAPTURE(threads);
        CHECK(evaluate(g, results, feed, device, threads) == one);
      }
      check_agree(one, expected, 1e-5);
    }
  }
}
