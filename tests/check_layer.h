// What every layer promises, checked in one line: check_layer({.yaml = "elu: {alpha: 0.5}", .input = {7}}). Whether its
// formula is right it cannot know: for that a test has values, check_close(layer_output("relu", {2}, {-1, 2}), {0, 2}).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include "lib/nn/layer.h"
#include "tests/check_gradient.h"
#include "tests/error_text.h"
#include "tests/read_registered.h"

namespace dl::testing {

struct LayerCase {
  std::string yaml;
  Shape input;              // of one sample
  int inputs = 1;           // of this shape each
  Shape second = {};        // of the second input, where it has another
  int64_t indices = 0;      // above 0: the inputs are i32, from 0 to below this
  double tolerance = 2e-4;  // of the gradient, as a part of its largest element
  float spacing = 0.2f;     // between inputs in their order: less for what is steep, as a softmax of products is
};

// The type of a batch of such inputs: f32, or i32 where `indices` is above 0.
inline Type input_type(const Shape& sample, int64_t batch, int64_t indices) {
  std::vector<int64_t> sizes{batch};
  sizes.insert(sizes.end(), sample.sizes().begin(), sample.sizes().end());
  return {indices > 0 ? DType::i32 : DType::f32, Shape(sizes)};
}

// A layer standing alone in a graph: parameters and buffers are inputs, fed with their initial values.
class BuiltLayer final : public Builder {
 public:
  BuiltLayer(const Layer& layer, const LayerCase& c, int64_t batch, bool training)
      : BuiltLayer(layer, types_of(c, batch), training, c.indices, c.spacing) {}
  // `indices`: of inputs of whole numbers, which lie below.
  BuiltLayer(const Layer& layer, const std::vector<Type>& types, bool training, int64_t indices = 1,
             float spacing = 0.2f)
      : training_(training) {
    std::vector<Value> inputs;
    for (const Type& type : types) {
      const std::string name = "x" + std::to_string(inputs.size());
      inputs.push_back(input(graph_, name, type));
      const int64_t count = type.shape.elements();
      if (type.dtype == DType::i32) {
        feed[name] = random_numbers(count, 17 + inputs.size(), 0, static_cast<float>(indices));
      } else {
        feed[name] = spaced_numbers(count, 17 + inputs.size(), spacing);
        sources[name] = inputs.back();
      }
    }
    feed["step"] = {5};
    y = layer.build(*this, inputs);
  }

  Graph& graph() override { return graph_; }
  bool training() const override { return training_; }
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    return sources[name] = buffer(name, std::move(shape), std::move(initial));
  }
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    initial->fill(feed[name] = Numbers(static_cast<size_t>(shape.elements())), shape,
                  random_key(1, random_stream(name)));
    return input(graph_, name, {DType::f32, std::move(shape)});
  }
  void assign(const std::string& name, Value value) override { assigned[name] = value; }
  Value random(Shape shape) override {
    is_random = true;
    const Value step = input(graph_, "step", {DType::i32, {}});
    return random_uniform(step, std::move(shape), 1, "layer" + std::to_string(draws_++));
  }

  Value y;
  Feed feed;
  std::map<std::string, Value> sources;   // inputs that are not whole numbers, and parameters
  std::map<std::string, Value> assigned;  // buffers' new values
  bool is_random = false;

 private:
  static std::vector<Type> types_of(const LayerCase& c, int64_t batch) {
    std::vector<Type> types(static_cast<size_t>(c.inputs), input_type(c.input, batch, c.indices));
    if (c.second.rank() > 0) types.at(1) = input_type(c.second, batch, c.indices);
    return types;
  }

  Graph graph_;
  bool training_;
  int draws_ = 0;
};

inline void check_layer(const LayerCase& c) {
  CAPTURE(c.yaml);
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>(c.yaml);

  // Spec to layer to resolved spec, and the same again.
  const Node resolved = write_registered(*layer);
  CHECK(same_value(write_registered(*read_registered_as<Layer>(resolved)), resolved));

  // The batch is the first axis of the result and changes nothing else.
  BuiltLayer training(*layer, c, 3, true);
  const BuiltLayer smaller(*layer, c, 2, true);
  CHECK(training.y.shape()[0] == 3);
  CHECK(smaller.y.shape()[0] == 2);
  CHECK(training.y.shape().without_batch() == smaller.y.shape().without_batch());

  // Results, new values of buffers and gradients are written wholly, and are the same on every device, for every number
  // of threads and every time.
  const Value dy = input(training.graph(), "dy", {DType::f32, training.y.shape()});
  training.feed["dy"] = random_numbers(dy.shape().elements(), 99);
  std::vector<std::string> names;
  std::vector<Value> wrt;
  for (const auto& [name, value] : training.sources) {
    names.push_back(name);
    wrt.push_back(value);
  }
  const std::vector<Value> slopes = gradients(sum(training.y * dy), wrt);
  std::vector<Value> results{training.y};
  for (size_t i = 0; i < slopes.size(); ++i)  // none: found to be 0 below
    results.push_back(slopes[i] ? slopes[i] : broadcast_to(constant(training.graph(), 0), wrt[i].shape()));
  for (const auto& [name, value] : training.assigned) results.push_back(value);
  const std::vector<Numbers> expected = evaluate(training.graph(), results, training.feed);
  for (const std::string& device : devices()) {
    CAPTURE(device);
    const std::vector<Numbers> found = evaluate(training.graph(), results, training.feed, device);
    CHECK(evaluate(training.graph(), results, training.feed, device, 1) == found);
    check_agree(found, expected, 2e-5);
  }

  // Forward and backward agree.
  Evaluation forward(training.graph(), {training.y});
  for (size_t i = 0; i < names.size(); ++i) {
    check_slope(
        names[i], training.feed, expected[i + 1], training.feed["dy"], [&](const Feed& f) { return forward(f)[0]; },
        1.0 / 32, c.tolerance, 40);
  }

  if (training.is_random || !training.assigned.empty()) return;
  BuiltLayer evaluation(*layer, c, 3, false);
  CHECK_MESSAGE(evaluate(evaluation.graph(), {evaluation.y}, evaluation.feed)[0] == expected[0],
                "evaluation differs from training, though it neither draws random numbers nor keeps statistics");
}

// What the layer makes of a batch of one while evaluating, with its initial parameters.
inline Numbers layer_output(const std::string& yaml, const Shape& shape, const Numbers& x, int64_t indices = 0) {
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>(yaml);
  BuiltLayer graph(*layer, LayerCase{.input = shape, .indices = indices}, 1, false);
  graph.feed["x0"] = x;
  return evaluate(graph.graph(), {graph.y}, graph.feed)[0];
}

// What the layer says of inputs that do not fit it.
inline std::string layer_error(const std::string& yaml, const std::vector<Shape>& samples, int64_t indices = 0) {
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>(yaml);
  std::vector<Type> types;
  for (const Shape& sample : samples) types.push_back(input_type(sample, 2, indices));
  return error_text<ShapeError>([&] { BuiltLayer(*layer, types, true, indices); });
}

}  // namespace dl::testing
