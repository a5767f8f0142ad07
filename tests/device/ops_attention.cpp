// Attention: every form of it agrees with the reference device, on every instruction set; its gradient with
// differences.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/attention.h"
#include "tests/check_gradient.h"
#include "tests/device/cpu_kernel.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Form {
  int64_t batch, queries, keys, heads, kv_heads, dim;
  int tensors = 1;
  bool causal = false, lengths = false;
  double dropout = 0;
};

std::string text(const Form& f) {
  return concat(f.batch, " samples, ", f.queries, " queries, ", f.keys, " keys, ", f.heads, " heads on ", f.kv_heads,
                " of ", f.dim, ", ", f.tensors, " tensors", f.causal ? ", causal" : "", f.lengths ? ", lengths" : "",
                f.dropout > 0 ? ", dropout" : "");
}

std::vector<Shape> shapes(const Form& f) {
  const int64_t q = f.heads * f.dim, k = f.kv_heads * f.dim;
  if (f.tensors == 1) return {{f.batch, f.queries, q + 2 * k}};
  if (f.tensors == 2) return {{f.batch, f.queries, q}, {f.batch, f.keys, 2 * k}};
  return {{f.batch, f.queries, q}, {f.batch, f.keys, k}, {f.batch, f.keys, k}};
}

Value build(const Form& f, const std::vector<Value>& tensors) {
  Graph& g = *tensors[0].graph;
  AttentionOptions options{.heads = f.heads, .kv_heads = f.kv_heads, .causal = f.causal, .dropout = f.dropout};
  if (f.lengths) options.lengths = input(g, "lengths", {DType::i32, {f.batch}});
  if (f.dropout > 0) {
    options.random =
        random_uniform(input(g, "step", {DType::i32, {}}), {f.batch, f.heads, f.queries, f.keys}, 3, "mask");
  }
  return attention(tensors, options);
}

Feed fixed(const Form& f) {
  Feed feed{{"step", {4}}};
  for (int64_t b = 0; b < f.batch; ++b)
    feed["lengths"].push_back(static_cast<float>((b * 5 + f.keys - 1) % (f.keys + 1)));
  return feed;
}

// One node's outputs, on every instruction set and several numbers of threads, are the reference device's.
void check_node(const Graph& g, int index, const Feed& feed, double tolerance) {
  const GraphNode& node = g.node(index);
  std::vector<Value> outputs;
  for (size_t i = 0; i < node.types.size(); ++i)
    outputs.push_back({const_cast<Graph*>(&g), index, static_cast<int>(i)});
  const std::vector<Numbers> given = evaluate(g, node.inputs, feed), expected = evaluate(g, outputs, feed);
  std::vector<Type> types;
  std::vector<std::vector<float>> memory;  // aligned for whatever type
  std::vector<const void*> inputs;
  for (size_t i = 0; i < given.size(); ++i) {
    types.push_back(node.inputs[i].type());
    memory.emplace_back(given[i].size());
    write_numbers(memory.back().data(), types.back(), given[i]);
    inputs.push_back(memory.back().data());
  }
  dl::testing::on_every_device(false, [&](CpuDevice& device) {
    std::vector<dl::testing::Buffer> found = dl::testing::run_kernel(*node.op, types, inputs, device);
    for (size_t i = 0; i < found.size(); ++i)
      check_close(read_numbers(found[i].data(), node.types[i]), expected[i], tolerance);
  });
}

// Neither the oracle nor the CPU, which is tested on every instruction set.
std::vector<std::string> other_devices() {
  std::vector<std::string> names = devices();
  std::erase_if(names, [](const std::string& name) { return name == "reference" || name == "cpu"; });
  return names;
}

const Form forms[] = {
    {2, 5, 5, 2, 2, 3},
    {2, 37, 37, 3, 3, 8, 1, true},
    {1, 70, 70, 4, 2, 16, 1, true},
    {3, 21, 21, 6, 1, 5, 1, false, true},
    {3, 40, 40, 2, 1, 17, 1, true, true, 0.3},
    {2, 19, 45, 2, 2, 4, 2},
    {2, 19, 45, 4, 2, 33, 3, false, true},
    {2, 50, 13, 2, 2, 16, 2, true, false, 0.5},
    {1, 1, 9, 3, 3, 64, 3, false, true},
};

}  // namespace

TEST_CASE("attention and its gradient are the reference's in every form, on every instruction set") {
  for (const Form& f : forms) {
    CAPTURE(text(f));
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Graph g;
      Feed feed = fixed(f);
      std::vector<Value> tensors;
      for (const Shape& shape : shapes(f)) {
        const std::string name = concat("x", tensors.size());
        feed[name] = random_numbers(shape.elements(), 7 + tensors.size(), -2, 2);
        tensors.push_back(input(g, name, {dtype, shape}));
      }
      const Value y = build(f, tensors);
      CHECK(y.type() == Type{dtype, {f.batch, f.queries, f.heads * f.dim}});
      const Value dy = input(g, "dy", {DType::f32, y.shape()});
      feed["dy"] = random_numbers(y.shape().elements(), 99);
      std::vector<Value> results = gradients(sum(y * dy), tensors);
      results.push_back(y);
      results.push_back({y.graph, y.node, 1});
      const double tolerance = dtype == DType::f32 ? 1e-5 : 2e-2;
      const std::vector<Numbers> expected = evaluate(g, results, feed);
      const std::vector<Numbers> found = evaluate(g, results, feed, "cpu"),
                                 alone = evaluate(g, results, feed, "cpu", 1);
      for (size_t i = 0; i < results.size(); ++i) {
        CAPTURE(i);
        check_close(found[i], expected[i], tolerance);
        CHECK(found[i] == alone[i]);
      }
      for (const std::string& device : other_devices()) {
        CAPTURE(device);
        const std::vector<Numbers> there = evaluate(g, results, feed, device);
        for (size_t i = 0; i < results.size(); ++i) check_close(there[i], expected[i], tolerance);
      }
      check_node(g, y.node, feed, tolerance);
      check_node(g, results[0].node, feed, tolerance);
    }
  }
}

TEST_CASE("attention of long sequences goes over many blocks of keys and queries") {
  for (const Form& f : {Form{1, 1100, 1100, 1, 1, 16, 1, true}, Form{1, 700, 1300, 2, 1, 8, 2, false, true, 0.1}}) {
    CAPTURE(text(f));
    Graph g;
    Feed feed = fixed(f);
    std::vector<Value> tensors;
    for (const Shape& shape : shapes(f)) {
      const std::string name = concat("x", tensors.size());
      feed[name] = random_numbers(shape.elements(), 7 + tensors.size(), -2, 2);
      tensors.push_back(input(g, name, {DType::f32, shape}));
    }
    const Value y = build(f, tensors), dy = input(g, "dy", {DType::f32, y.shape()});
    feed["dy"] = random_numbers(y.shape().elements(), 99);
    std::vector<Value> results = gradients(sum(y * dy), tensors);
    results.push_back(y);
    const std::vector<Numbers> expected = evaluate(g, results, feed), found = evaluate(g, results, feed, "cpu");
    for (size_t i = 0; i < results.size(); ++i) check_close(found[i], expected[i], 2e-5);
  }
}

TEST_CASE("forward and backward of attention agree") {
  for (const Form& f : {Form{2, 4, 4, 2, 1, 3, 1, true}, Form{1, 3, 5, 2, 2, 2, 3, false, true},
                        Form{2, 4, 3, 1, 1, 4, 2, false, false, 0.4}}) {
    CAPTURE(text(f));
    GradientCase c{.build = [f](const std::vector<Value>& x) { return build(f, x); }, .fixed = fixed(f)};
    for (const Shape& shape : shapes(f)) {
      c.arguments.push_back({shape, random_numbers(shape.elements(), 20 + c.arguments.size())});
    }
    check_gradient(c);
  }
}

TEST_CASE("a query that sees no key gives 0, and moves nothing") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 3, 6}});
  const Value y = attention({x}, {.heads = 1, .kv_heads = 1, .lengths = input(g, "lengths", {DType::i32, {2}})});
  Numbers numbers = random_numbers(36, 1);
  const Feed feed{{"x", numbers}, {"lengths", {0, 1}}};
  Numbers expected(12, 0.0f);
  for (size_t i = 0; i < 3; ++i)  // the second sample sees its first value only
    for (size_t d = 0; d < 2; ++d) expected[6 + 2 * i + d] = numbers[18 + 4 + d];
  check_value(y, feed, expected);
  const Value dx = gradients(sum(y), {x})[0];
  for (const std::string& device : devices()) {
    const Numbers slopes = evaluate(g, {dx}, feed, device)[0];
    for (size_t i = 0; i < 18; ++i) CHECK(slopes[i] == 0);
    CHECK(slopes[18 + 4] == 3);
  }
}

TEST_CASE("attention of 8,192 tokens trains in memory that grows with the length") {
  const auto bytes = [](int64_t length) {
    Graph g;
    const Value x = input(g, "x", {DType::f32, {1, length, 3 * 64}});
    g.output("dx", gradients(sum(attention({x}, {.heads = 4, .kv_heads = 4, .causal = true})), {x})[0]);
    const std::unique_ptr<Device> device = make_device("cpu", {.threads = 2});
    Store store(*device);
    return Program(g, store).arena_bytes();
  };
  const int64_t eight = bytes(8192), four = bytes(4096);
  CHECK(eight < 2.1 * static_cast<double>(four));
  CHECK(eight < int64_t{8192} * 64 * 4 * 24);  // two dozen activations
}

TEST_CASE("scores far below the largest count nothing, be they as far as they may") {
  for (const bool causal : {false, true}) {
    const Form f{2, 60, 60, 2, 2, 8, 1, causal};
    Graph g;
    const Value x = input(g, "x", {DType::f32, shapes(f)[0]});
    const Value y = build(f, {x}), dy = input(g, "dy", {DType::f32, y.shape()});
    const std::vector<Value> results{y, gradients(sum(y * dy), {x})[0]};
    for (const float size : {8.0f, 12.0f, 20.0f}) {
      CAPTURE(size);
      const Feed feed{{"x", random_numbers(x.shape().elements(), 3, -size, size)},
                      {"dy", random_numbers(y.shape().elements(), 4)}};
      const std::vector<Numbers> expected = evaluate(g, results, feed);
      for (const std::string& device : devices()) {
        CAPTURE(device);
        const std::vector<Numbers> found = evaluate(g, results, feed, device);
        for (size_t i = 0; i < results.size(); ++i) check_close(found[i], expected[i], 1e-3);
      }
    }
  }
}
