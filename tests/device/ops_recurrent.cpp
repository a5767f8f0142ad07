// The recurrent operation: its gradient, and the same on every device and division as on the reference.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/recurrent.h"
#include "tests/check_gradient.h"
#include "tests/device/cpu_kernel.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr Cell cells[] = {Cell::rnn_tanh, Cell::rnn_relu, Cell::lstm, Cell::gru};

struct Sizes {
  int64_t batch, steps, hidden;
};

// Inputs "x", "weight", "h", "c" or "bias" of these sizes, and what is made of them.
struct Built {
  Built(Cell cell, const Sizes& s, bool reverse) {
    const int64_t width = gates_of(cell) * s.hidden;
    const Value x = make("x", {s.batch, s.steps, width}), weight = make("weight", {width, s.hidden});
    RecurrentStart start{.h = make("h", {s.batch, s.hidden})};
    if (cell == Cell::lstm) start.c = make("c", {s.batch, s.hidden});
    if (cell == Cell::gru) start.bias = make("bias", {width});
    states = recurrent(cell, x, weight, start, reverse);
  }
  Value make(const std::string& name, const Shape& shape) {
    feed[name] = random_numbers(shape.elements(), 5 + feed.size(), -0.6f, 0.6f);
    names.push_back(name);
    inputs.push_back(input(graph, name, {DType::f32, shape}));
    return inputs.back();
  }
  // The sum of each of the results times fixed numbers; `which`: bits y, h, c.
  Value loss(int which) {
    Value sum_of;
    const Value results[] = {states.y, states.h, states.c};
    for (size_t i = 0; i < 3; ++i) {
      if (!(which >> i & 1) || !results[i]) continue;
      const std::string name = "d" + std::to_string(i);
      feed[name] = random_numbers(results[i].shape().elements(), 50 + i);
      const Value part = sum(results[i] * input(graph, name, results[i].type()));
      sum_of = sum_of ? sum_of + part : part;
    }
    return sum_of;
  }

  Graph graph;
  Feed feed;
  std::vector<std::string> names;
  std::vector<Value> inputs;
  States states;
};

void check_agreement(Cell cell, const Sizes& s, bool reverse, int which) {
  Built b(cell, s, reverse);
  std::vector<Value> results = gradients(b.loss(which), b.inputs);
  results.push_back(b.states.y);
  results.push_back(b.states.h);
  if (b.states.c) results.push_back(b.states.c);
  const std::vector<Numbers> expected = evaluate(b.graph, results, b.feed);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> one = evaluate(b.graph, results, b.feed, device, 1);
    for (int threads = 1; threads <= (is_emulated_gpu(device) ? 1 : 4); ++threads) {
      CAPTURE(threads);
      CHECK(evaluate(b.graph, results, b.feed, device, threads) == one);
    }
    check_agree(one, expected, 1e-5);
  }
}

}  // namespace

TEST_CASE("recurrent layers agree with the reference device, whatever the sizes, the direction and the loss") {
  uint64_t seed = 0;
  for (const Cell cell : cells) {
    for (const Sizes& s : {Sizes{1, 1, 1}, {2, 3, 5}, {5, 4, 16}, {3, 6, 33}, {7, 2, 50}}) {
      for (int which = 1; which < (cell == Cell::lstm ? 8 : 4); ++which) {
        CAPTURE(static_cast<int>(cell));
        CAPTURE(s.hidden);
        CAPTURE(which);
        check_agreement(cell, s, seed++ % 2 == 1, which);
      }
    }
  }
}

TEST_CASE("a weight too large for one core's cache is divided over the team, to the same bits") {
  check_agreement(Cell::lstm, {2, 3, 260}, false, 7);
  check_agreement(Cell::gru, {1, 3, 400}, true, 3);
}

TEST_CASE("the kernels of each instruction set agree with those of the reference device") {
  for (const Cell cell : cells) {
    const Sizes s{3, 4, 21};
    Built b(cell, s, false);
    const GraphNode& node = b.graph.node(b.states.y.node);
    const Numbers expected = evaluate(b.graph, {b.states.y}, b.feed)[0];
    std::vector<Type> types;
    std::vector<const void*> data;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      types.push_back(node.inputs[i].type());
      data.push_back(b.feed[b.names[i]].data());
    }
    testing::on_every_device(false, [&](CpuDevice& device) {
      check_close(testing::run_kernel(*node.op, types, data, device)[0].values<float>(), expected, 2e-6);
    });
  }
}

TEST_CASE("the gradient of recurrent layers is their slope") {
  for (const Cell cell : cells) {
    for (const bool reverse : {false, true}) {
      CAPTURE(static_cast<int>(cell));
      Built b(cell, {2, 3, 4}, reverse);
      const Value loss = b.loss(7);
      const std::vector<Value> slopes = gradients(loss, b.inputs);
      Evaluation forward(b.graph, {loss});
      for (size_t i = 0; i < slopes.size(); ++i) {
        check_slope(
            b.names[i], b.feed, evaluate(b.graph, {slopes[i]}, b.feed)[0], {1},
            [&](const Feed& f) { return forward(f)[0]; }, cell == Cell::rnn_relu ? 1.0 / 2048 : 1.0 / 32,
            cell == Cell::rnn_relu ? 5e-3 : 2e-4, 20);
      }
    }
  }
}

TEST_CASE("one unit over two steps: the formulas by hand") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  Graph g;
  const Feed feed{{"x", {0.5, -1, 2, 0.25, -0.5, 1, 0.75, -0.25}},
                  {"w", {0.5, -0.5, 1, 2}},
                  {"h", {0.5}},
                  {"c", {-1}},
                  {"xg", {0.5, -1, 2, 0.25, -0.5, 1}},
                  {"wg", {0.5, -0.5, 1}},
                  {"b", {0.1f, 0.2f, 0.3f}}};
  const Value h = input(g, "h", {DType::f32, {1, 1}});
  const States lstm = recurrent(Cell::lstm, input(g, "x", {DType::f32, {1, 2, 4}}), input(g, "w", {DType::f32, {4, 1}}),
                                {.h = h, .c = input(g, "c", {DType::f32, {1, 1}})});
  double state = 0.5, cell = -1;
  Numbers y;
  for (size_t t = 0; t < 2; ++t) {
    const float* x = &feed.at("x")[4 * t];
    cell = sigmoid(x[1] - 0.5 * state) * cell + sigmoid(x[0] + 0.5 * state) * std::tanh(x[2] + state);
    state = sigmoid(x[3] + 2 * state) * std::tanh(cell);
    y.push_back(static_cast<float>(state));
  }
  check_value(lstm.y, feed, y);
  check_value(lstm.h, feed, {y[1]});
  check_value(lstm.c, feed, {static_cast<float>(cell)});
  const States gru = recurrent(Cell::gru, input(g, "xg", {DType::f32, {1, 2, 3}}), input(g, "wg", {DType::f32, {3, 1}}),
                               {.h = h, .bias = input(g, "b", {DType::f32, {3}})}, true);
  state = 0.5;
  y.clear();
  for (size_t t = 2; t-- > 0;) {
    const float* x = &feed.at("xg")[3 * t];
    const double r = sigmoid(x[0] + 0.5 * state + 0.1), z = sigmoid(x[1] - 0.5 * state + 0.2);
    state = (1 - z) * std::tanh(x[2] + r * (state + 0.3)) + z * state;
    y.insert(y.begin(), static_cast<float>(state));
  }
  check_value(gru.y, feed, y);
  check_value(gru.h, feed, {y[0]});
}
