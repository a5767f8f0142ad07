// Layers give PyTorch's outputs, gradients and running statistics for the same numbers.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "tests/check_layer.h"

namespace dl {
namespace {

void check_layer_case(const golden::Json& recorded, const std::string& device) {
  const std::unique_ptr<Layer> layer = testing::read_registered_as<Layer>(recorded["yaml"]);
  std::vector<Type> types;
  for (const golden::Json& tensor : recorded["inputs"])
    types.push_back({tensor.contains("gradient") ? DType::f32 : DType::i32, golden::shape_of(tensor)});
  testing::BuiltLayer built(*layer, types, recorded["training"]);
  Graph& graph = built.graph();
  for (size_t i = 0; i < types.size(); ++i)
    built.feed["x" + std::to_string(i)] = recorded["inputs"][i]["values"].get<golden::Numbers>();
  for (const std::string kind : {"parameters", "buffers"})
    for (const auto& [name, tensor] : recorded[kind].items())
      built.feed.at(name) = tensor["values"].get<golden::Numbers>();
  REQUIRE(built.y.shape() == golden::shape_of(recorded["output"]));
  CHECK(!built.is_random);

  const Value dy = input(graph, "dy", {DType::f32, built.y.shape()});
  built.feed["dy"] = recorded["d_output"]["values"].get<golden::Numbers>();
  graph.output("y", built.y);
  std::vector<std::string> names;
  std::vector<Value> wrt;
  for (const auto& [name, value] : built.sources) names.push_back(name), wrt.push_back(value);
  const std::vector<Value> slopes = gradients(sum(built.y * dy), wrt);
  for (size_t i = 0; i < names.size(); ++i) {
    CHECK((names[i].starts_with('x') || recorded["parameters"].contains(names[i])));
    graph.output("gradient of " + names[i], slopes[i] ? slopes[i] : wrt[i] * 0.0);  // it may not depend on it
  }
  if (built.training())
    for (const auto& [name, value] : built.assigned) graph.output(name + " after", value);

  const auto results = testing::outputs_of(graph, built.feed, device);
  // What is given is of the order of 1, and sums of it that cancel are as exact as those that do not.
  const auto check = [](const std::string& what, const golden::Numbers& ours, const golden::Json& theirs) {
    golden::check_near(what, ours, theirs, 1e-5, 1);
  };
  check("y", results.at("y"), recorded["output"]["values"]);
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string name = "gradient of x" + std::to_string(i);
    if (types[i].dtype == DType::f32) check(name, results.at(name), recorded["inputs"][i]["gradient"]);
  }
  for (const auto& [name, tensor] : recorded["parameters"].items())
    check("gradient of " + name, results.at("gradient of " + name), tensor["gradient"]);
  if (built.training())
    for (const auto& [name, tensor] : recorded["buffers"].items())
      check(name + " after", results.at(name + " after"), tensor["after"]);
}

// How wide a layer's initial parameters spread, which random numbers of our own only approach.
void check_initial_case(const golden::Json& recorded) {
  struct Spread final : Builder {
    explicit Spread(const golden::Json& theirs) : theirs(theirs) {}
    Graph& graph() override { return g; }
    bool training() const override { return true; }
    Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
      REQUIRE(theirs["parameters"].contains(name));
      const golden::Json& tensor = theirs["parameters"][name];
      REQUIRE(shape == golden::shape_of(tensor));
      std::vector<float> values(size_t(shape.elements()));
      initial->fill(values, shape, 7);
      double sum = 0, squares = 0, largest = 0;
      for (const double value : values) {
        sum += value;
        squares += value * value;
        largest = std::max(largest, std::abs(value));
      }
      const double n = double(values.size()), std = tensor["std"];
      const double sure = 5 / std::sqrt(n);  // five standard errors of either estimate
      CHECK_MESSAGE(std::abs(std::sqrt(squares / n) / std - 1) < sure, name, ": deviation ", std::sqrt(squares / n),
                    ", PyTorch's ", std);
      CHECK_MESSAGE(std::abs(sum / n) < sure * std, name, ": mean ", sum / n);
      CHECK_MESSAGE(std::abs(largest / tensor["largest"].get<double>() - 1) < 0.25, name, ": largest ", largest);
      return input(g, name, {DType::f32, std::move(shape)});
    }
    Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override {
      return input(g, name, {DType::f32, std::move(shape)});
    }
    void assign(const std::string&, Value) override {}
    Value random(Shape) override { throw CheckFailure(__FILE__, __LINE__, "random", ""); }
    const golden::Json& theirs;
    Graph g;
  } builder(recorded);
  const Shape shape(recorded["input"].get<std::vector<int64_t>>());
  const std::vector<Value> inputs{input(builder.g, "x", {DType::f32, shape})};
  testing::read_registered_as<Layer>(recorded["yaml"])->build(builder, inputs);
}

}  // namespace

TEST_CASE("layers compute what PyTorch's do, forward and backward") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("layers", [&](const golden::Json& recorded) { check_layer_case(recorded, device); });
  }
}

TEST_CASE("layers start as widely spread as PyTorch's") { golden::for_each_case("initializers", check_initial_case); }

}  // namespace dl
