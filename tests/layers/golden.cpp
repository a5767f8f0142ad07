// Layers give PyTorch's outputs, gradients and running statistics for the same numbers.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

// Parameters and buffers as inputs of the graph, by their names in the layer.
class InputBuilder final : public Builder {
 public:
  InputBuilder(Graph& graph, bool training) : graph_(graph), training_(training) {}
  Graph& graph() override { return graph_; }
  bool training() const override { return training_; }
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override {
    return parameters[name] = input(graph_, name, {DType::f32, std::move(shape)});
  }
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override {
    return input(graph_, name, {DType::f32, std::move(shape)});
  }
  void assign(const std::string& name, Value value) override { assigned[name] = value; }
  Value random(Shape) override { throw CheckFailure(__FILE__, __LINE__, "random", "no recorded case is random"); }

  std::map<std::string, Value> parameters, assigned;

 private:
  Graph& graph_;
  bool training_;
};

void check_layer_case(const golden::Json& recorded, const std::string& device) {
  const std::unique_ptr<Layer> layer = golden::read<Layer>(recorded["yaml"]);
  Graph graph;
  InputBuilder builder(graph, recorded["training"].get<bool>());
  std::map<std::string, golden::Numbers> feed;
  std::map<std::string, std::vector<int32_t>> integers;
  std::vector<Value> inputs;
  for (const golden::Json& tensor : recorded["inputs"]) {
    const std::string name = "x" + std::to_string(inputs.size());
    const bool whole = !tensor.contains("gradient");
    inputs.push_back(input(graph, name, {whole ? DType::i32 : DType::f32, golden::shape_of(tensor)}));
    if (whole) {
      integers[name] = tensor["values"].get<std::vector<int32_t>>();
    } else {
      feed[name] = tensor["values"].get<golden::Numbers>();
    }
  }
  for (const std::string kind : {"parameters", "buffers"})
    for (const auto& [name, tensor] : recorded[kind].items()) feed[name] = tensor["values"].get<golden::Numbers>();

  const Value y = layer->build(builder, inputs);
  REQUIRE(y.shape() == golden::shape_of(recorded["output"]));
  CHECK(builder.parameters.size() == recorded["parameters"].size());
  const Value dy = input(graph, "dy", {DType::f32, y.shape()});
  feed["dy"] = recorded["d_output"]["values"].get<golden::Numbers>();
  graph.output("y", y);
  std::vector<Value> wrt = inputs;
  for (const auto& [name, value] : builder.parameters) wrt.push_back(value);
  const std::vector<Value> slopes = gradients(sum(y * dy), wrt);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (slopes[i]) graph.output("gradient of x" + std::to_string(i), slopes[i]);
  size_t next = inputs.size();
  for (const auto& [name, value] : builder.parameters) graph.output("gradient of " + name, slopes[next++]);
  if (builder.training())
    for (const auto& [name, value] : builder.assigned) graph.output(name + " after", value);

  const std::map<std::string, golden::Numbers> results = golden::run(graph, device, feed, integers);
  golden::check_near("y", results.at("y"), recorded["output"]["values"]);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!slopes[i]) continue;
    const std::string name = "gradient of x" + std::to_string(i);
    golden::check_near(name, results.at(name), recorded["inputs"][i]["gradient"]);
  }
  for (const auto& [name, tensor] : recorded["parameters"].items())
    golden::check_near("gradient of " + name, results.at("gradient of " + name), tensor["gradient"]);
  if (builder.training())
    for (const auto& [name, tensor] : recorded["buffers"].items())
      golden::check_near(name + " after", results.at(name + " after"), tensor["after"]);
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
  golden::read<Layer>(recorded["yaml"])->build(builder, inputs);
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
