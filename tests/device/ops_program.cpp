// What a program does with outputs and assignments that share memory.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

const Type four{DType::f32, {4}};

void check_run(const Graph& g, const Feed& feed, const Feed& outputs, const Feed& variables) {
  for (const std::string& device : devices()) {
    CAPTURE(device);
    Execution execution(g, device);
    execution.feed(feed);
    execution.run();
    for (const auto& [name, numbers] : outputs) {
      CAPTURE(name);
      check_close(execution.output(name), numbers);
    }
    for (const auto& [name, numbers] : variables) {
      CAPTURE(name);
      check_close(execution.variable(name), numbers);
    }
  }
}

}  // namespace

TEST_CASE("an output may be a part of a variable, an input or a number") {
  Graph g;
  const Value flat = variable(g, {"flat", {DType::f32, {40}}});
  g.output("part", view(flat, 32, {2}));
  g.output("number", constant(g, 3));
  g.output("input", input(g, "x", four));
  Numbers numbers(40);
  for (size_t i = 0; i < 40; ++i) numbers[i] = static_cast<float>(i);
  check_run(g, {{"flat", numbers}, {"x", {1, 2, 3, 4}}}, {{"part", {32, 33}}, {"number", {3}}, {"input", {1, 2, 3, 4}}},
            {});
}

TEST_CASE("a variable may take a part of another, an input or a number") {
  Graph g;
  const Value flat = variable(g, {"flat", {DType::f32, {40}}});
  variable(g, {"number", {}});
  g.assign("part", view(flat, 32, {4}));
  g.assign("copy", input(g, "x", four));
  g.assign("number", constant(g, 3));
  Numbers numbers(40);
  for (size_t i = 0; i < 40; ++i) numbers[i] = static_cast<float>(i);
  check_run(g, {{"flat", numbers}, {"x", {1, 2, 3, 4}}}, {},
            {{"part", {32, 33, 34, 35}}, {"copy", {1, 2, 3, 4}}, {"number", {3}}});
}

TEST_CASE("a new value that waits for the last reader of the old one is kept until then") {
  Graph g;
  const Value a = variable(g, {"a", four}), w = input(g, "w", {DType::f32, {4, 4}});
  const Value b = a * 2;
  auto times_w = [&](Value x) { return reshape(matmul(reshape(x, {1, 4}), w), {4}); };
  const Value c = exp(b + times_w(a));  // the last to read b, and may lie where b lay
  g.assign("a", b);
  g.output("late", times_w(c) + a);
  const Numbers unit{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  check_run(g, {{"a", {0, 0.5f, 1, -1}}, {"w", unit}}, {{"late", {1, 4.98168907f, 21.0855369f, -0.950212932f}}},
            {{"a", {0, 1, 2, -2}}});
}

TEST_CASE("two variables may exchange their values, and one value may become two variables") {
  Graph g;
  const Value a = variable(g, {"a", four}), b = variable(g, {"b", four});
  g.assign("a", b);
  g.assign("b", a);
  const Value sum = a + b;
  g.assign("c", sum);
  g.assign("d", sum);
  check_run(g, {{"a", {1, 2, 3, 4}}, {"b", {5, 6, 7, 8}}}, {},
            {{"a", {5, 6, 7, 8}}, {"b", {1, 2, 3, 4}}, {"c", {6, 8, 10, 12}}, {"d", {6, 8, 10, 12}}});
}

TEST_CASE("an input is what it was fed with last") {
  Graph g;
  g.output("y", input(g, "x", four) * 2);
  for (const std::string& name : devices()) {
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    for (const float v : {1.0f, 2.0f}) {
      program.feed("x", Numbers(4, 7));
      const Numbers x(4, v);
      program.feed("x", x);
      program.run();
      check_close(program.read("y"), Numbers(4, 2 * v));
    }
  }
}

TEST_CASE("the same loop over two shapes of one input gives two results") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {1, 1, 3, 2}}), w = input(g, "w", {DType::f32, {2, 1}});
  g.output("pooled", max_pool(x * 2, {.size = {1, 2}}));
  g.output("product", matmul(reshape(x, {3, 2}) * 2, w));
  g.output("image", x * 2);
  check_run(g, {{"x", {1, 2, 3, 4, 5, 6}}, {"w", {1, 10}}},
            {{"pooled", {6, 8, 10, 12}}, {"product", {42, 86, 130}}, {"image", {2, 4, 6, 8, 10, 12}}}, {});
}

TEST_CASE("the steps of a program say their phase, types and cost, and when they ran") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {8, 4}}), w = variable(g, {"w", {DType::f32, {4, 4}}});
  const std::vector<Value> d = gradients(sum(exp(matmul(x, w))), {w});
  g.assign("w", w - d[0]);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    Execution execution(g, device);
    execution.feed({{"x", Numbers(32, 0.5f)}, {"w", Numbers(16, 0.25f)}});
    execution.run_timed();
    const std::vector<Program::KernelCall> steps = execution.program().kernel_calls();
    double end_s = 0;
    for (const Program::KernelCall& step : steps) {
      CHECK(step.begin_s >= end_s);
      end_s = step.begin_s + step.seconds;
    }
    CHECK(steps.front().phase == Phase::forward);
    CHECK(steps.front().inputs[0] == x.type());
    CHECK(steps.front().cost.flops >= 2 * 8 * 4 * 4);
    CHECK(steps.back().phase != Phase::forward);
    CHECK(steps.back().outputs[0] == w.type());
  }
}

TEST_CASE("packing costs nothing for parts that are computed where they belong") {
  Graph g;
  const Value x = input(g, "x", four);
  g.output("flat", pack({exp(x), x}, {0, 16}, 32));
  for (const std::string& device : devices()) {
    CAPTURE(device);
    Execution execution(g, device);
    const std::vector<Program::KernelCall> steps = execution.program().kernel_calls();
    CHECK(steps.back().op == "pack");
    CHECK(steps.back().cost.bytes == 4 * (4 + 32 - 4));
  }
}
