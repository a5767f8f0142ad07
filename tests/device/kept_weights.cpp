// Programs that only read their weights: kernels may keep what they make of them, and nothing of it may show.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <functional>

#include "lib/device/cpu/cpu.h"
#include "tests/evaluate.h"

namespace dl::testing {
namespace {

// A prediction from an input x and a weight in the middle of a flat range of parameters.
struct Case {
  std::string name;
  Shape x, weight;
  std::function<Value(Value x, Value weight)> predict;
};

Value dense(Value x, Value w) { return exp(matmul(x, w, false, true) + 0.5); }
Case conv(const char* name, Shape x, Shape weight, int64_t stride = 1, int64_t groups = 1) {
  return {name, x, weight, [=](Value pixels, Value w) {
            Window window;
            window.size = {weight[2], weight[3], 1};
            window.stride = {stride, stride, 1};
            window.pad_before = window.pad_after = {weight[2] / 2, weight[3] / 2, 0};
            return exp(convolution(pixels, w, window, groups) * 0.1);
          }};
}

const std::vector<Case> cases = {
    {"few rows", {3, 40}, {70, 40}, dense},
    {"parts of rows", {100, 200}, {150, 200}, dense},
    {"parts of columns", {17, 300}, {700, 300}, dense},
    {"turned by blocks of columns", {33, 70}, {2500, 70}, dense},
    {"no epilogue", {40, 70}, {33, 70}, [](Value x, Value w) { return matmul(x, w, false, true); }},
    {"weight as it stands", {90, 70}, {70, 130}, [](Value x, Value w) { return matmul(x, w); }},
    {"blocks of rows", {1100, 120}, {200, 120}, dense},
    conv("1x1", {4, 9, 9, 24}, {40, 24, 1, 1}),
    conv("window", {2, 12, 12, 6}, {10, 6, 5, 5}),
    conv("one channel", {2, 20, 20, 1}, {6, 1, 5, 5}),
    conv("stride", {2, 15, 15, 16}, {24, 16, 3, 3}, 2),
    conv("groups", {2, 10, 10, 16}, {16, 4, 3, 3}, 1, 4),
    conv("each channel", {2, 10, 10, 16}, {16, 1, 3, 3}, 1, 16),
    conv("winograd", {2, 24, 24, 32}, {32, 32, 3, 3}),
    conv("winograd, by panels", {1, 16, 16, 64}, {96, 64, 3, 3}),
    {"lstm",
     {3, 5, 64},
     {64, 16},
     [](Value x, Value w) {
       const Value zero = constant(*x.graph, 0) * slice(slice(x, 1, 0, 1), 2, 0, 16);
       const Value h = reshape(zero, {3, 16});
       return recurrent(Cell::lstm, x, w, {.h = h, .c = h}).y;
     }},
};

constexpr int64_t before = 48;  // elements of the range that stand before the weight

Type range_of(const Case& c) { return {DType::f32, {before + c.weight.elements() + 16}}; }

std::unique_ptr<Program> program_of(const Case& c, Store& store) {
  Graph graph;
  const Value range = variable(graph, {"parameters", range_of(c)});
  graph.output("y", c.predict(input(graph, "x", {DType::f32, c.x}), view(range, before, c.weight)));
  return std::make_unique<Program>(graph, store);
}

std::vector<float> run(Program& program, const std::vector<float>& x) {
  program.feed("x", x);
  program.run();
  return program.read("y");
}

}  // namespace

TEST_CASE(
    "a prediction has the same bits whether kernels keep the weights as they read them, and follows new weights") {
  Machine near, far;  // its cores, which decides how products are cut
  near.hand_over_ns = 20;
  far.hand_over_ns = 1000;
  for (const Isa isa : supported_isas()) {
    for (const int threads : {1, 2, 3, 4}) {
      CpuDevice device({.threads = threads}, isa, threads % 2 ? far : near);
      for (const Case& c : cases) {
        CAPTURE(c.name);
        CAPTURE(device.description());
        Store plain(device), keeping(device);
        keeping.expect_no_changes();
        const auto expected = program_of(c, plain), kept = program_of(c, keeping);
        for (int weights = 0; weights < 3; ++weights) {
          const std::vector<float> all = random_numbers(range_of(c).shape.elements(), 10 + weights);
          if (weights < 2) {
            for (Store* store : {&plain, &keeping}) store->write("parameters", all.data(), std::ssize(all));
          } else {  // in part
            for (Store* store : {&plain, &keeping}) store->write_part("parameters", before, all.data(), 20);
          }
          for (int batch = 0; batch < 3; ++batch) {
            const std::vector<float> x = random_numbers(c.x.elements(), 20 + batch);
            CHECK(run(*kept, x) == run(*expected, x));
          }
        }
      }
    }
  }
}

TEST_CASE("what kernels keep of weights is made again when another program has changed them") {
  CpuDevice device({.threads = 2});
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Store store(device);
    store.expect_no_changes();
    const auto predict = program_of(c, store);
    // Another program of the store changes the weights: what was kept is made again.
    Graph graph;
    const Value range = variable(graph, {"parameters", range_of(c)});
    graph.assign("parameters", range * 0.5 + 0.25);
    graph.output("sum", input(graph, "x", {DType::f32, c.x}) * 1.0);
    Program change(graph, store);

    Store plain(device);
    const auto expected = program_of(c, plain);
    std::vector<float> weights = random_numbers(range_of(c).shape.elements(), 1);
    store.write("parameters", weights.data(), std::ssize(weights));
    const std::vector<float> x = random_numbers(c.x.elements(), 2);
    for (int step = 0; step < 3; ++step) {
      weights = store.read("parameters");
      plain.write("parameters", weights.data(), std::ssize(weights));
      CHECK(run(*predict, x) == run(*expected, x));
      change.feed("x", x);
      change.run();
    }
  }
}

}  // namespace dl::testing
