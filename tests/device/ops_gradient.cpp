// The gradient rule of every operation and function against central differences, on the reference device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/convolution.h"
#include "tests/check_gradient.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Values = std::vector<Value>;
using Argument = GradientCase::Argument;

Argument between(float low, float high, Shape shape, uint64_t seed = 1) {
  const int64_t n = shape.elements();
  return {std::move(shape), random_numbers(n, seed, low, high)};
}
Argument any(Shape shape, uint64_t seed = 1) { return between(-1, 1, std::move(shape), seed); }
Argument spaced(Shape shape, uint64_t seed = 1) {
  const int64_t n = shape.elements();
  return {std::move(shape), spaced_numbers(n, seed)};
}

}  // namespace

TEST_CASE("the gradient of every function of one operand") {
  const struct {
    Function function;
    float low, high;
  } cases[] = {
      {Function::neg, -1, 1},   {Function::abs, 0.1f, 1},   {Function::abs, -1, -0.1f},    {Function::exp, -1, 1},
      {Function::log, 0.5f, 2}, {Function::sqrt, 0.5f, 2},  {Function::rsqrt, 0.5f, 2},    {Function::tanh, -2, 2},
      {Function::erf, -2, 2},   {Function::sigmoid, -3, 3}, {Function::floor, 0.1f, 0.9f}, {Function::sin, -3, 3},
      {Function::cos, -3, 3},
  };
  for (const auto& c : cases) {
    CAPTURE(name_of(c.function));
    check_gradient({.build = [&](const Values& x) { return map(c.function, x[0]); },
                    .arguments = {between(c.low, c.high, {3, 5})}});
  }
}

TEST_CASE("the gradient of every function of two operands, broadcast every way") {
  const std::pair<Shape, Shape> shapes[] = {
      {{2, 3}, {2, 3}}, {{2, 3}, {3}},       {{2, 3}, {2, 1}}, {{2, 3}, {}},
      {{}, {2, 3}},     {{2, 1, 3}, {4, 1}}, {{1, 3}, {2, 1}},
  };
  for (const auto& [a, b] : shapes) {
    for (const Function f : {Function::add, Function::sub, Function::mul, Function::div, Function::pow}) {
      CAPTURE(name_of(f));
      CAPTURE(a.text());
      CAPTURE(b.text());
      check_gradient({.build = [&](const Values& x) { return map(f, x[0], x[1]); },
                      .arguments = {between(0.5, 1.5, a), between(0.75, 2, b, 2)}});
    }
  }
}

TEST_CASE("the gradient of a maximum and a minimum goes to the operand chosen") {
  const Numbers numbers = spaced_numbers(12, 3);
  const Argument a{{2, 3}, Numbers(numbers.begin(), numbers.begin() + 6)};
  for (const Argument& b : {Argument{{2, 3}, Numbers(numbers.begin() + 6, numbers.end())},
                            Argument{{3}, Numbers(numbers.begin() + 6, numbers.begin() + 9)}}) {
    check_gradient({.build = [](const Values& x) { return maximum(x[0], x[1]); }, .arguments = {a, b}});
    check_gradient({.build = [](const Values& x) { return minimum(x[1], x[0]); }, .arguments = {a, b}});
  }
  check_gradient({.build = [](const Values& x) { return maximum(x[0], 0); }, .arguments = {a}});
}

TEST_CASE("where passes the gradient to the side it chose, and none to its condition") {
  const Argument condition = spaced({2, 3});
  check_gradient({.build = [](const Values& x) { return where(x[0] > 0, x[1], x[2]); },
                  .arguments = {condition, any({2, 3}, 2), any({3}, 3)}});
  check_gradient(
      {.build = [](const Values& x) { return where(x[0], x[0] * x[1], 3); }, .arguments = {condition, any({2, 1}, 2)}});
}

TEST_CASE("comparisons have no gradient") {
  check_gradient({.build = [](const Values& x) { return (x[0] > 0) + (x[0] <= x[1]) + equal(x[0], x[1]); },
                  .arguments = {spaced({5}), {{5}, Numbers(5, 0)}}});
}

TEST_CASE("the gradient of fma, broadcast") {
  check_gradient({.build = [](const Values& x) { return map(Function::fma, x[0], x[1], x[2]); },
                  .arguments = {any({2, 3}), any({3}, 2), any({2, 1}, 3)}});
}

TEST_CASE("a value used twice gets both gradients") {
  check_gradient({.build = [](const Values& x) { return x[0] * x[0] + exp(x[0]) * x[1] - x[1]; },
                  .arguments = {any({2, 3}), any({1, 3}, 2)}});
}

TEST_CASE("no gradient passes stop_gradient") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2}});
  const Value d = gradients(sum(x * stop_gradient(x)), {x})[0];
  check_value(d, {{"x", {3, -5}}}, {3, -5});
  CHECK_FALSE(gradients(sum(stop_gradient(x)), {x})[0]);
}

TEST_CASE("the gradients of shape operations") {
  const Shape shape{2, 3, 2};
  const std::function<Value(const Values&)> builds[] = {
      [](const Values& x) {
        return reshape(x[0], {3, -1});
      },
      [](const Values& x) {
        return transpose(x[0], {2, 0, 1});
      },
      [](const Values& x) {
        return broadcast_to(x[0], {5, 2, 3, 2});
      },
      [](const Values& x) {
        return broadcast_to(reshape(sum(x[0]), {1, 1}), {2, 3});
      },
      [](const Values& x) {
        return broadcast_to(reshape(x[0], {2, 3, 1, 2}), {2, 3, 4, 2});
      },
  };
  for (const auto& build : builds) check_gradient({.build = build, .arguments = {any(shape)}});
}

TEST_CASE("the gradients of reductions over every choice of axes") {
  for (const std::vector<int>& axes : std::vector<std::vector<int>>{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}}) {
    CAPTURE(axes.size());
    CAPTURE(axes[0]);
    check_gradient({.build = [&](const Values& x) { return sum(x[0], axes); }, .arguments = {any({2, 3, 4})}});
    check_gradient({.build = [&](const Values& x) { return mean(x[0], axes); }, .arguments = {any({2, 3, 4})}});
    check_gradient({.build = [&](const Values& x) { return max(x[0], axes); }, .arguments = {spaced({2, 3, 4})}});
    check_gradient({.build = [&](const Values& x) { return moments(x[0], axes).mean; }, .arguments = {any({2, 3, 4})}});
    check_gradient(
        {.build = [&](const Values& x) { return moments(x[0], axes).variance; }, .arguments = {any({2, 3, 4})}});
    check_gradient({.build =
                        [&](const Values& x) {
                          const Moments m = moments(x[0], axes);
                          return (x[0] - m.mean) * map(Function::rsqrt, m.variance + 0.1);
                        },
                    .arguments = {any({2, 3, 4})}});
  }
  check_gradient({.build = [](const Values& x) { return sum(x[0]); }, .arguments = {any({2, 3})}});
  check_gradient({.build = [](const Values& x) { return mean(x[0] * x[0]); }, .arguments = {any({})}});
}

TEST_CASE("equal maxima share the gradient evenly") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3}});
  check_value(gradients(sum(max(x, {1})), {x})[0], {{"x", {1, 5, 5, 2, 2, 2}}},
              {0, 0.5f, 0.5f, 0.333333333f, 0.333333333f, 0.333333333f});
}

TEST_CASE("the gradients of softmax and its logarithm") {
  for (const Shape& shape : {Shape{5}, Shape{3, 4}, Shape{2, 1, 3}, Shape{2, 1}}) {
    check_gradient({.build = [](const Values& x) { return softmax(x[0]); }, .arguments = {spaced(shape)}});
    check_gradient({.build = [](const Values& x) { return log_softmax(x[0]); }, .arguments = {spaced(shape)}});
  }
}

TEST_CASE("the gradients of a matrix product, either operand transposed") {
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      CAPTURE(ta);
      CAPTURE(tb);
      check_gradient({.build = [&](const Values& x) { return matmul(x[0], x[1], ta, tb); },
                      .arguments = {any(ta ? Shape{4, 3} : Shape{3, 4}), any(tb ? Shape{2, 4} : Shape{4, 2}, 2)}});
    }
  }
}

TEST_CASE("the gradients of convolutions of every kind") {
  struct Case {
    Window window;
    int64_t groups;
    Shape x, weight;
  };
  const Case cases[] = {
      {{.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}}, 1, {2, 4, 4, 2}, {3, 2, 3, 3}},
      {{.size = {1, 1}, .stride = {2, 2}}, 1, {2, 3, 4, 3}, {2, 3, 1, 1}},
      {{.size = {2, 3}, .stride = {2, 1}, .pad_before = {1, 0}, .pad_after = {0, 2}, .dilation = {1, 2}},
       2,
       {2, 4, 5, 4},
       {6, 2, 2, 3}},
      {{.size = {3, 2}, .stride = {3, 2}}, 1, {1, 8, 5, 1}, {2, 1, 3, 2}},  // rows that no kernel place sees
      {{.size = {3, 3}, .pad_before = {2, 2}, .pad_after = {2, 2}, .dilation = {2, 2}}, 3, {1, 3, 3, 3}, {3, 1, 3, 3}},
      {{.size = {4, 4}, .pad_before = {1, 2}, .pad_after = {2, 1}}, 1, {2, 2, 2, 1}, {1, 1, 4, 4}},  // larger than x
  };
  for (const Case& c : cases) {
    CAPTURE(c.window.text());
    check_gradient({.build = [&](const Values& x) { return convolution(x[0], x[1], c.window, c.groups); },
                    .arguments = {any(c.x), any(c.weight, 2)}});
  }
}

TEST_CASE("the gradients of convolutions of sequences and volumes") {
  const Window line{.rank = 1, .size = {3}, .stride = {2}, .pad_before = {1}, .pad_after = {2}, .dilation = {1}};
  check_gradient({.build = [&](const Values& x) { return convolution(x[0], x[1], line, 2); },
                  .arguments = {any({2, 6, 4}), any({4, 2, 3}, 2)}});
  const Window space{.rank = 3,
                     .size = {2, 3, 2},
                     .stride = {2, 1, 2},
                     .pad_before = {1, 1, 0},
                     .pad_after = {0, 1, 1},
                     .dilation = {1, 1, 2}};
  check_gradient({.build = [&](const Values& x) { return convolution(x[0], x[1], space); },
                  .arguments = {any({2, 3, 3, 4, 2}), any({2, 2, 2, 3, 2}, 2)}});
}

TEST_CASE("the gradients of transposed convolutions, and of the gradient with respect to the weight") {
  const Window line{.rank = 1, .size = {4}, .stride = {2}, .pad_before = {1}, .pad_after = {1}, .dilation = {1}};
  check_gradient({.build = [&](const Values& x) { return transposed_convolution(x[0], x[1], line, {9}, 2); },
                  .arguments = {any({2, 4, 2}), any({2, 2, 4}, 2)}});
  const Window plane{.size = {3, 2}, .stride = {2, 1}, .pad_before = {1, 0}, .pad_after = {1, 1}, .dilation = {1, 2}};
  check_gradient({.build =
                      [&](const Values& x) {
                        return transposed_convolution(x[0], x[1], plane, {6, 4});
                      },
                  .arguments = {any({2, 3, 3, 3}), any({3, 2, 3, 2}, 2)}});
  const Window space{.rank = 3, .size = {2, 3, 2}, .stride = {2, 2, 1}};
  check_gradient({.build =
                      [&](const Values& x) {
                        return transposed_convolution(x[0], x[1], space, {4, 5, 3});
                      },
                  .arguments = {any({1, 2, 2, 2, 2}), any({2, 2, 2, 3, 2}, 2)}});
  check_gradient({.build =
                      [&](const Values& x) {
                        const auto op = std::make_shared<ConvolutionGradWeight>(plane, 1, Shape{2, 3, 3, 2});
                        return x[0].graph->add_one(op, {x[0], x[1]});
                      },
                  .arguments = {any({2, 6, 4, 3}), any({2, 3, 3, 2}, 2)}});
}

TEST_CASE("the gradients of average pooling along one and three axes") {
  const Window line{.rank = 1, .size = {3}, .stride = {2}, .pad_before = {1}, .pad_after = {0}};
  check_gradient({.build = [&](const Values& x) { return avg_pool(x[0], line); }, .arguments = {any({2, 6, 3})}});
  const Window space{.rank = 3, .size = {2, 3, 2}, .stride = {1, 2, 2}, .pad_before = {1, 0, 1}};
  check_gradient(
      {.build = [&](const Values& x) { return avg_pool(x[0], space); }, .arguments = {any({1, 3, 5, 4, 2})}});
}

TEST_CASE("the gradient of max pooling, overlapping, padded and dilated") {
  const Window windows[] = {
      {.size = {2, 2}, .stride = {2, 2}},
      {.size = {3, 3}, .stride = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}},
      {.size = {2, 3}, .stride = {1, 2}, .pad_before = {0, 1}, .pad_after = {1, 0}, .dilation = {2, 1}},
  };
  for (const Window& window : windows) {
    CAPTURE(window.text());
    check_gradient(
        {.build = [&](const Values& x) { return max_pool(x[0], window); }, .arguments = {spaced({2, 5, 4, 2})}});
  }
}

TEST_CASE("a random mask is the same in the backward pass") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {64}}), step = input(g, "step", {DType::i32, {}});
  const Value y = x * (random_uniform(step, {64}, 1, "dropout") < 0.5);
  const Value d = gradients(sum(y), {x})[0];
  const std::vector<Numbers> both = evaluate(g, {y, d}, {{"x", Numbers(64, 1)}, {"step", {3}}});
  check_close(both[1], both[0], 0);
}
