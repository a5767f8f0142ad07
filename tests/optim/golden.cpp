// Optimizers take PyTorch's steps for the same gradients.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

// States as inputs of the graph and their new values as outputs, by name.
class InputBuilder final : public UpdateBuilder {
 public:
  InputBuilder(Graph& graph, int64_t elements) : graph_(graph), elements_(elements) {}
  Value number(const std::string& name, std::function<double(const UpdateTime&)> compute) override {
    numbers.try_emplace("number " + name, std::move(compute));
    return input(graph_, "number " + name, {});
  }
  Value state(const std::string&, const Shape&) override { return {}; }
  Value average(const std::string&) override { return {}; }
  Value gradient_norm() override { return {}; }
  Value parameters() override { return {}; }
  Momentum momentum(double own) override {
    if (!moves_momentum) return UpdateBuilder::momentum(own);
    return {number("momentum", [](const UpdateTime& t) { return *t.momentum; }),
            number("fresh", [](const UpdateTime& t) { return 1 - *t.momentum; })};
  }
  Value state(const std::string& name) override {
    states[name].assign(size_t(elements_), 0.0f);
    return input(graph_, name, {DType::f32, {elements_}});
  }
  void assign(const std::string& name, Value value) override { graph_.output("new " + name, value); }

  bool moves_momentum = false;
  testing::Feed states;
  std::map<std::string, std::function<double(const UpdateTime&)>> numbers;  // by input

 private:
  Graph& graph_;
  int64_t elements_;
};

}  // namespace

TEST_CASE("optimizers take PyTorch's steps") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("optim", [&](const golden::Json& recorded) {
      const std::unique_ptr<Optimizer> optimizer = testing::read_registered_as<Optimizer>(recorded["yaml"]);
      golden::Numbers parameters = recorded["start"].get<golden::Numbers>();
      const int64_t elements = int64_t(parameters.size());
      Graph graph;
      InputBuilder builder(graph, elements);
      builder.moves_momentum = recorded.contains("momenta");
      graph.output("p", optimizer->update(builder, input(graph, "p", {DType::f32, {elements}}),
                                          input(graph, "g", {DType::f32, {elements}})));
      for (size_t step = 0; step < recorded["gradients"].size(); ++step) {
        testing::Feed feed = builder.states;
        feed["p"] = parameters;
        feed["g"] = recorded["gradients"][step].get<golden::Numbers>();
        for (const auto& [name, compute] : builder.numbers)
          feed[name] = {float(compute(
              {.lr = optimizer->learning_rate() * (builder.moves_momentum ? double(recorded["factors"][step]) : 1),
               .number = double(step + 1),
               .momentum = builder.moves_momentum ? std::optional(double(recorded["momenta"][step])) : std::nullopt}))};
        const auto results = testing::outputs_of(graph, feed, device);
        for (auto& [name, values] : builder.states) values = results.at("new " + name);
        parameters = results.at("p");
        golden::check_near("p after step " + std::to_string(step + 1), parameters, recorded["parameters"][step]);
      }
    });
  }
}

TEST_CASE("ftrl's weights stay where they are while there is no gradient, whatever the rate becomes") {
  for (const std::string device : {"reference", "cpu"})
    for (const std::string keys : {"{lr: 0.1}", "{lr: 0.1, l1: 0.01, l2: 0.1, beta: 1}"}) {
      CAPTURE(device);
      CAPTURE(keys);
      const std::unique_ptr<Optimizer> ftrl = testing::read_registered_as<Optimizer>("ftrl: " + keys);
      Graph graph;
      InputBuilder builder(graph, 2);
      graph.output("p",
                   ftrl->update(builder, input(graph, "p", {DType::f32, {2}}), input(graph, "g", {DType::f32, {2}})));
      golden::Numbers p{0.5f, -0.25f}, learnt;
      for (const double lr : {0.1, 0.1, 0.02, 1e-4, 0.0, 0.05}) {
        CAPTURE(lr);
        testing::Feed feed = builder.states;
        feed["p"] = p;
        feed["g"] = learnt.empty() ? golden::Numbers{0.5f, -1} : golden::Numbers{0, 0};
        for (const auto& [name, compute] : builder.numbers) feed[name] = {float(compute({.lr = lr, .number = 1}))};
        const auto results = testing::outputs_of(graph, feed, device);
        for (auto& [name, values] : builder.states) values = results.at("new " + name);
        p = results.at("p");
        if (learnt.empty()) learnt = p;
        for (size_t i = 0; i < p.size(); ++i) {
          CHECK(std::abs(p[i]) > 1e-3f);
          CHECK(p[i] == doctest::Approx(learnt[i]).epsilon(1e-5));
        }
      }
    }
}

TEST_CASE("adam's steps are as long as in f64, from the first on") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    const std::unique_ptr<Optimizer> adam = testing::read_registered_as<Optimizer>("adam: {lr: 1e-3}");
    Graph graph;
    InputBuilder builder(graph, 1);
    graph.output("p",
                 adam->update(builder, input(graph, "p", {DType::f32, {1}}), input(graph, "g", {DType::f32, {1}})));
    for (int step = 1; step <= 20; ++step) {
      testing::Feed feed = builder.states;
      feed["p"] = {0};
      feed["g"] = {1};
      for (const auto& [name, compute] : builder.numbers)
        feed[name] = {float(compute({.lr = 1e-3, .number = double(step)}))};
      const auto results = testing::outputs_of(graph, feed, device);
      for (auto& [name, values] : builder.states) values = results.at("new " + name);
      CAPTURE(step);
      CHECK(std::abs(double{results.at("p")[0]} / -1e-3 - 1) < 1e-6);  // equal gradients: steps of the learning rate
    }
  }
}

}  // namespace dl
