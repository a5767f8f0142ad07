// What every layer promises, checked of one written as in a config: check_layer({.yaml = "elu", .input = {7}}).
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <memory>

#include "lib/nn/layer.h"
#include "lib/spec/yaml.h"
#include "tests/check_gradient.h"

namespace dl::testing {

struct LayerCase {
  std::string yaml;
  Shape input;     // of one sample
  int inputs = 1;  // of this shape each
  double step = 1.0 / 32;
  double tolerance = 5e-4;
};

inline std::unique_ptr<Layer> read_layer(const Node& node) {
  std::vector<Problem> problems;
  std::unique_ptr<Layer> layer = Registry<Layer>::read(node, Reading(problems, "layer"));
  for (const Problem& problem : problems) FAIL_CHECK(render(problem));
  REQUIRE(layer);
  return layer;
}

// A layer in a graph of its own: its tensors and random numbers are inputs, fed with numbers that fit their names.
class BuiltLayer final : public Builder {
 public:
  BuiltLayer(const Layer& layer, const Shape& sample, int inputs, int64_t batch, bool is_training)
      : training_(is_training) {
    std::vector<int64_t> sizes{batch};
    sizes.insert(sizes.end(), sample.sizes().begin(), sample.sizes().end());
    for (int i = 0; i < inputs; ++i) {
      const std::string name = "x" + std::to_string(i);
      const Shape shape(sizes);
      x.push_back(add(name, shape, spaced_numbers(shape.elements(), static_cast<uint64_t>(i))));
    }
    y = layer.build(*this, x);
  }

  Graph& graph() override { return graph_; }
  bool training() const override { return training_; }
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override {
    const Value value = add(name, shape, random_numbers(shape.elements(), random_stream(name)));
    parameters.push_back({name, value});
    return value;
  }
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override {
    return add(name, shape, random_numbers(shape.elements(), random_stream(name), 0.5f, 1.5f));
  }
  void assign(const std::string&, Value) override { has_state = true; }
  Value random(Shape shape) override {
    is_random = true;
    return add("random", shape, random_numbers(shape.elements(), 5, 0, 1));
  }

  std::vector<Value> x;
  std::vector<std::pair<std::string, Value>> parameters;
  Value y;
  Feed feed;
  bool is_random = false, has_state = false;

 private:
  Value add(const std::string& name, const Shape& shape, Numbers numbers) {
    feed[name] = std::move(numbers);
    return dl::input(graph_, name, {DType::f32, shape});
  }

  Graph graph_;
  bool training_;
};

// The layer's output for these numbers outside training, where it has no tensors.
inline Numbers layer_output(const std::string& yaml, const Shape& sample, const Numbers& x) {
  BuiltLayer built(*read_layer(parse_yaml(yaml, "case")), sample, 1, 1, false);
  built.feed["x0"] = x;
  return evaluate(built.graph(), {built.y}, built.feed)[0];
}

// Read from its YAML and written back it is the same; its output has a sample for each sample given; its gradients are
// the slopes of its output; every device gives the same numbers; training and evaluation agree, unless it draws random
// numbers or keeps statistics.
inline void check_layer(const LayerCase& c) {
  CAPTURE(c.yaml);
  const std::unique_ptr<Layer> layer = read_layer(parse_yaml(c.yaml, "case"));
  const Node written = write_registered(*layer);
  CHECK(same_value(write_registered(*read_layer(written)), written));

  for (const int64_t batch : {1, 3}) {
    const Shape shape = BuiltLayer(*layer, c.input, c.inputs, batch, true).y.shape();
    CHECK(shape[0] == batch);
    CHECK(shape.without_batch() == BuiltLayer(*layer, c.input, c.inputs, 2, true).y.shape().without_batch());
  }

  BuiltLayer built(*layer, c.input, c.inputs, 2, true);
  const Value dy = input(built.graph(), "dy", {DType::f32, built.y.shape()});
  built.feed["dy"] = random_numbers(built.y.shape().elements(), 99);
  std::vector<Value> wrt = built.x;
  std::vector<std::string> names;
  for (int i = 0; i < c.inputs; ++i) names.push_back("x" + std::to_string(i));
  for (const auto& [name, value] : built.parameters) {
    names.push_back(name);
    wrt.push_back(value);
  }
  const std::vector<Value> slopes = gradients(sum(built.y * dy), wrt);
  std::vector<Value> values{built.y};
  for (size_t i = 0; i < wrt.size(); ++i) {
    REQUIRE_MESSAGE(slopes[i], "the output does not depend on ", names[i]);
    values.push_back(slopes[i]);
  }
  const std::vector<Numbers> found = evaluate(built.graph(), values, built.feed);
  Evaluation forward(built.graph(), {built.y});
  for (size_t i = 0; i < names.size(); ++i)
    check_slope(
        names[i], built.feed, found[i + 1], built.feed["dy"], [&](const Feed& f) { return forward(f)[0]; }, c.step,
        c.tolerance);

  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> others = evaluate(built.graph(), values, built.feed, device);
    for (size_t i = 0; i < values.size(); ++i) check_close(others[i], found[i], 1e-4);
  }

  if (built.is_random || built.has_state) return;
  BuiltLayer evaluating(*layer, c.input, c.inputs, 2, false);
  check_close(evaluate(evaluating.graph(), {evaluating.y}, built.feed)[0], found[0], 0);
}

}  // namespace dl::testing
