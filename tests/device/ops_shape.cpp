// Operations that move or make elements: literal results on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/base/random.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a transpose takes its axes in the order given") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3, 1, 2}});
  const Value y = transpose(x, {1, 3, 0, 2});
  CHECK(y.shape() == Shape{3, 2, 2, 1});
  check_value(y, {{"x", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}}, {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
}

TEST_CASE("a reshape changes no element") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}});
  CHECK(reshape(x, {-1, 2}).shape() == Shape{3, 2});
  check_value(reshape(x, {-1, 2}) * 1.0, {{"x", {1, 2, 3, 4, 5, 6}}}, {1, 2, 3, 4, 5, 6});
}

TEST_CASE("broadcast_to repeats axes of size 1 and missing axes") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 1}});
  check_value(broadcast_to(x, {2, 2, 3}), {{"x", {1, 2}}}, {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  check_value(broadcast_to(constant(g, 7), {3}), {{"x", {1, 2}}}, {7, 7, 7});
}

TEST_CASE("a view reads a part; a pack lays parts out with zeros between") {
  Graph g;
  const Value flat = variable(g, {.name = "flat", .type = {DType::f32, {40}}});
  const Value part = view(flat, 16, {2, 2}), last = view(flat, 32, {3});
  Numbers numbers(40);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
  const Feed feed{{"flat", numbers}};
  check_value(transpose(part, {1, 0}), feed, {16, 18, 17, 19});
  check_value(pack({last * 2.0, part + 0.5}, {1, 5}, 11), feed, {0, 64, 66, 68, 0, 16.5f, 17.5f, 18.5f, 19.5f, 0, 0});
}

TEST_CASE("a pack may hold the same part twice, and a variable's own memory") {
  Graph g;
  const Value flat = variable(g, {.name = "flat", .type = {DType::f32, {4}}});
  const Value twice = flat + flat;
  check_value(pack({twice, view(flat, 1, {2}), twice}, {0, 4, 6}, 10), {{"flat", {1, 2, 3, 4}}},
              {2, 4, 6, 8, 2, 3, 2, 4, 6, 8});
}

TEST_CASE("iota counts") {
  Graph g;
  check_value(iota(g, 5), {}, {0, 1, 2, 3, 4});
}

TEST_CASE("random numbers are those of their stream, step and index") {
  Graph g;
  const Value step = input(g, "step", {DType::i32, {}});
  const Value u = random_uniform(step, {5, 31}, 42, "0");
  const uint64_t key = random_key(42, random_stream("0"));
  for (const uint64_t at : {uint64_t{0}, uint64_t{7}, uint64_t{1'000'000}}) {
    Numbers expected(155);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = random_uniform(key, at, i);
    check_value(u, {{"step", {static_cast<float>(at)}}}, expected, 0);
  }
}

TEST_CASE("tensors are laid beside each other along an axis, and slices undo it") {
  Graph g;
  const Value a = input(g, "a", {DType::f32, {2, 2}}), b = input(g, "b", {DType::f32, {2, 1}});
  const Feed feed{{"a", {1, 2, 3, 4}}, {"b", {5, 6}}, {"c", {7, 8}}, {"d", {1, 10, 100, 2, 20, 200}}};
  const Value rows = concatenate({a, b}, -1);
  CHECK(rows.shape() == Shape{2, 3});
  check_value(rows, feed, {1, 2, 5, 3, 4, 6});
  check_value(concatenate({a, input(g, "c", {DType::f32, {1, 2}})}, 0), feed, {1, 2, 3, 4, 7, 8});
  check_value(slice(rows, 1, 0, 2), feed, {1, 2, 3, 4});
  check_value(slice(rows, -1, 2, 1), feed, {5, 6});
  check_value(slice(rows, 0, 1, 1), feed, {3, 4, 6});
  CHECK(slice(rows, 0, 0, 2) == rows);
  const Value d = input(g, "d", {DType::f32, {2, 3}});
  const std::vector<Value> slopes = gradients(sum(rows * d), {a, b});
  check_value(slopes[0], feed, {1, 10, 2, 20});
  check_value(slopes[1], feed, {100, 200});
  check_value(gradients(sum(slice(a, 1, 1, 1) * b), {a})[0], feed, {0, 5, 0, 6});
  check_value(gradients(sum(slice(rows, 1, 1, 1) * b), {rows})[0], feed, {0, 5, 0, 0, 6, 0});
}

TEST_CASE("large tensors are laid beside each other by the whole team") {
  Graph g;
  const Value a = input(g, "a", {DType::f32, {300, 70}}), b = input(g, "b", {DType::f32, {300, 33}});
  const Feed feed{{"a", random_numbers(300 * 70, 1)}, {"b", random_numbers(300 * 33, 2)}};
  const Value both = concatenate({a, b}, 1);
  check_value(both, feed, evaluate(g, {both}, feed)[0]);
  check_value(slice(both, 1, 60, 20), feed, evaluate(g, {slice(both, 1, 60, 20)}, feed)[0]);
}

TEST_CASE("rows of a weight are a weight, wherever they begin") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {7, 5}}), rows = view(input(g, "w", {DType::f32, {30}}), 5, {5, 5});
  g.output("y", matmul(x, rows, false, true));
  g.output("biased", matmul(x, rows, false, true) + input(g, "bias", {DType::f32, {5}}));
  Feed feed;
  for (const auto& [name, n] : {std::pair("x", 35), {"w", 30}, {"bias", 5}})
    for (int i = 0; i < n; ++i) feed[name].push_back(random_uniform(1, uint64_t(n), uint64_t(i)) - 0.5f);
  const auto expected = outputs_of(g, feed, "reference");
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const auto found = outputs_of(g, feed, device);
    for (const auto& [name, numbers] : expected) check_agree({found.at(name)}, {numbers}, 1e-6);
  }
}

TEST_CASE("a part of a value may begin at any of its elements, in loops and behind a product") {
  constexpr int64_t rows = 70, columns = 12;
  for (const int64_t offset : {0, 1, 2, 6}) {
    CAPTURE(offset);
    Graph g;
    const Value x = input(g, "x", {DType::f32, {rows, columns}}), w = input(g, "w", {DType::f32, {columns, columns}});
    const Value part = view(input(g, "flat", {DType::f32, {columns + 6}}), offset, {columns});
    g.output("sum", x + part);
    g.output("softmax", softmax(x + part));
    g.output("columns", sum(x * exp(part), {0}));
    g.output("product", matmul(x, w, false, true) + part);
    g.output("activated", tanh(matmul(x, w) + part));
    Feed feed;
    for (const auto& [name, n] : {std::pair("x", rows * columns), {"w", columns * columns}, {"flat", columns + 6}})
      for (int64_t i = 0; i < n; ++i) feed[name].push_back(random_uniform(1, uint64_t(n), uint64_t(i)) - 0.5f);
    const auto expected = outputs_of(g, feed, "reference");
    for (const std::string& device : devices()) {
      CAPTURE(device);
      const auto found = outputs_of(g, feed, device);
      for (const auto& [name, numbers] : expected)
        for (size_t i = 0; i < numbers.size(); ++i)
          REQUIRE_MESSAGE(std::abs(found.at(name)[i] - numbers[i]) < 2e-5f, name, " ", i);
    }
  }
}
