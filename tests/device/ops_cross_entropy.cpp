// Cross-entropy over many classes: alone, and joined with the linear layer before it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lib/base/bf16.h"
#include "lib/graph/ops/cross_entropy.h"
#include "lib/graph/passes.h"
#include "tests/check_gradient.h"
#include "tests/device/cpu_kernel.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Case {
  int64_t rows, features, classes;
  bool bias = true;
  double smoothing = 0;
};

// A linear layer's loss: weighted sum of the rows' losses, of which the first has no class and the second weighs
// nothing.
struct Model {
  explicit Model(const Case& c, bool read_logits = false) {
    const Value x = make("x", {c.rows, c.features}, 1), weight = make("weight", {c.classes, c.features}, 0.5f);
    logits = matmul(x, weight, false, true);
    if (c.bias) logits = logits + make("bias", {c.classes}, 2);
    const Value classes = input(graph, "classes", {DType::i32, {c.rows}});
    for (int64_t r = 0; r < c.rows; ++r)
      feed["classes"].push_back(r == 0 ? -100.0f : static_cast<float>((r * 7919) % c.classes));
    weights = input(graph, "d", {DType::f32, {c.rows}});
    feed["d"] = random_numbers(c.rows, 9);
    if (c.rows > 1) feed["d"][1] = 0;
    losses = reshape(cross_entropy(logits, classes, c.smoothing), {c.rows});
    if (read_logits) losses = losses + reshape(max(logits, {-1}), {c.rows});
    const Value loss = sum(losses * weights);
    results = gradients(loss, inputs);
    results.push_back(losses);
  }
  Value make(const std::string& name, const Shape& shape, float high) {
    feed[name] = random_numbers(shape.elements(), 3 + feed.size(), -high, high);
    inputs.push_back(input(graph, name, {DType::f32, shape}));
    return inputs.back();
  }
  int count(const std::string& op) const {
    Graph copy;
    for (int i = 0; i < graph.size(); ++i) {
      std::vector<Value> in = graph.node(i).inputs;
      for (Value& v : in) v.graph = &copy;
      copy.add(graph.node(i).op, in);
    }
    for (size_t i = 0; i < results.size(); ++i)
      copy.output(std::to_string(i), {&copy, results[i].node, results[i].output});
    const std::unique_ptr<Graph> joined = join_linear_cross_entropy(copy);
    int found = 0;
    if (!joined) return -1;
    const std::vector<char> live = live_nodes(*joined);
    for (int i = 0; i < joined->size(); ++i) found += live[static_cast<size_t>(i)] && joined->node(i).op->name() == op;
    return found;
  }

  Graph graph;
  Feed feed;
  Value logits, weights, losses;
  std::vector<Value> inputs, results;
};

void check_agreement(const Case& c, bool read_logits) {
  CAPTURE(c.rows);
  CAPTURE(c.features);
  CAPTURE(c.classes);
  const Model model(c, read_logits);
  const std::vector<Numbers> expected = evaluate(model.graph, model.results, model.feed);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> one = evaluate(model.graph, model.results, model.feed, device, 1);
    CHECK(evaluate(model.graph, model.results, model.feed, device, 3) == one);
    check_agree(one, expected, 1e-5, 1e-3);
  }
}

}  // namespace

TEST_CASE("a linear layer and its cross-entropy over many classes are one operation, gradients included") {
  const Model with({.rows = 5, .features = 3, .classes = many_classes});
  CHECK(with.count("linear_cross_entropy") == 1);
  CHECK(with.count("matmul") == 0);
  CHECK(with.count("cross_entropy_grad") == 0);
  CHECK(with.count("reduce_sum") == 0);  // the bias' gradient is part of it
}

TEST_CASE("few classes, and logits that something else reads, are not joined") {
  CHECK(Model({.rows = 5, .features = 3, .classes = many_classes - 1}).count("matmul") == -1);
  CHECK(Model({.rows = 5, .features = 3, .classes = many_classes}, true).count("matmul") == -1);
}

TEST_CASE("cross-entropy over many classes agrees with the reference device, joined or not") {
  for (const bool read_logits : {false, true}) {
    check_agreement({.rows = 1, .features = 1, .classes = 2048}, read_logits);
    check_agreement({.rows = 7, .features = 5, .classes = 2051, .smoothing = 0.1}, read_logits);
    check_agreement({.rows = 18, .features = 17, .classes = 3001, .bias = false}, read_logits);
  }
}

TEST_CASE("joined cross-entropy goes through more rows than one chunk holds") {
  check_agreement({.rows = 150, .features = 3, .classes = 20000}, false);
}

TEST_CASE("an evaluation's losses need no logits in memory") {
  Graph g;
  const int64_t rows = 40, features = 6, classes = 30000;
  const Value x = input(g, "x", {DType::f32, {rows, features}});
  const Value weight = input(g, "weight", {DType::f32, {classes, features}});
  const Value losses = cross_entropy(matmul(x, weight, false, true), input(g, "classes", {DType::i32, {rows}}));
  Feed feed{{"x", random_numbers(rows * features, 1)}, {"weight", random_numbers(classes * features, 2)}};
  for (int64_t r = 0; r < rows; ++r) feed["classes"].push_back(static_cast<float>(r * 700));
  g.output("losses", losses);
  Execution plain(g, "reference"), joined(g, "cpu");
  for (Execution* e : {&plain, &joined}) {
    e->feed(feed);
    e->run();
  }
  check_close(joined.output("losses"), plain.output("losses"), 2e-6);
  CHECK(plain.program().arena_bytes() > rows * classes * 4);
  CHECK(joined.program().arena_bytes() < rows * classes * 4 / 4);
}

TEST_CASE("logits far apart keep their losses: no exponential overflows or vanishes") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 2048}}), classes = input(g, "c", {DType::i32, {2}});
  Numbers logits(2 * 2048, -300.0f);
  logits[5] = 200;         // row 0: all weight on class 5
  logits[2048 + 7] = 200;  // row 1: the class is far below
  const Value losses = cross_entropy(x, classes);
  check_value(losses, {{"x", logits}, {"c", {5, 9}}}, {0, 500});
}

TEST_CASE("a class that is masked out by a logit of -infinity takes no part, in few classes and in many") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const int64_t count : {int64_t{3}, many_classes}) {
    CAPTURE(count);
    Graph g;
    const Value x = input(g, "x", {DType::f32, {2, count}}), classes = input(g, "c", {DType::i32, {2}});
    Numbers logits(static_cast<size_t>(2 * count), -infinity), slopes(logits.size());
    logits[0] = logits[2] = 1;  // row 0: two classes left
    slopes[0] = 0.5f, slopes[2] = -0.5f;
    logits[static_cast<size_t>(count) + 1] = 7;  // row 1: its class alone is left
    const Value losses = cross_entropy(x, classes);
    const Feed feed{{"x", logits}, {"c", {2, 1}}};
    check_value(losses, feed, {std::log(2.0f), 0});
    check_value(gradients(sum(losses), {x})[0], feed, slopes);
  }
  Model joined({.rows = 3, .features = 2, .classes = many_classes});
  joined.feed["bias"][4] = -infinity;
  const std::vector<Numbers> expected = evaluate(joined.graph, joined.results, joined.feed);
  for (const float loss : expected.back()) CHECK(std::isfinite(loss));
  for (const std::string& device : devices()) {
    CAPTURE(device);
    check_agree(evaluate(joined.graph, joined.results, joined.feed, device), expected, 1e-5, 1e-3);
  }
}

TEST_CASE("the kernels of each instruction set compute the joined loss and gradients, from bf16 too") {
  const Case c{.rows = 19, .features = 21, .classes = 2100, .smoothing = 0.2};
  for (const bool narrow : {false, true}) {
    Model model(c);
    std::vector<uint16_t> x, weight;
    for (auto& [name, bits] : {std::pair{"x", &x}, std::pair{"weight", &weight}}) {
      for (float& value : model.feed.at(name)) {
        bits->push_back(bf16_of_float(value));
        if (narrow) value = float_of_bf16(bits->back());
      }
    }
    const std::vector<Numbers> expected = evaluate(model.graph, model.results, model.feed);
    const LinearCrossEntropy op(c.smoothing, true, true);
    const DType dtype = narrow ? DType::bf16 : DType::f32;
    const Type types[] = {{dtype, {c.rows, c.features}},
                          {dtype, {c.classes, c.features}},
                          {DType::i32, {c.rows}},
                          {DType::f32, {c.classes}},
                          {DType::f32, {c.rows}}};
    std::vector<int32_t> classes;
    for (float v : model.feed.at("classes")) classes.push_back(static_cast<int32_t>(v));
    const void* inputs[] = {narrow ? static_cast<const void*>(x.data()) : model.feed.at("x").data(),
                            narrow ? static_cast<const void*>(weight.data()) : model.feed.at("weight").data(),
                            classes.data(), model.feed.at("bias").data(), model.feed.at("d").data()};
    testing::on_every_device(narrow, [&](CpuDevice& device) {
      std::vector<testing::Buffer> out = testing::run_kernel(op, types, inputs, device);
      check_close(out[0].values<float>(), expected[3], 1e-5);
      // With bf16 the gradient of the logits is rounded before it is multiplied.
      for (size_t i = 0; i < 2; ++i) check_close(out[i + 1].values<float>(), expected[i], narrow ? 4e-3 : 1e-5);
      check_close(out[3].values<float>(), expected[2], 1e-5);
    });
  }
}
