// Optimizers take PyTorch's steps for the same gradients.
#include "tests/golden/golden.h"
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

// States as inputs of the graph and their new values as outputs, by name.
class InputBuilder final : public UpdateBuilder {
 public:
  InputBuilder(Graph& graph, int64_t elements) : graph_(graph), elements_(elements) {}
  Value lr() override { return input(graph_, "lr", {}); }
  Value update() override { return input(graph_, "update", {}); }
  Value state(const std::string& name) override {
    states[name].assign(size_t(elements_), 0.0f);
    return input(graph_, name, {DType::f32, {elements_}});
  }
  void assign(const std::string& name, Value value) override { graph_.output("new " + name, value); }

  std::map<std::string, golden::Numbers> states;

 private:
  Graph& graph_;
  int64_t elements_;
};

}  // namespace

TEST_CASE("optimizers take PyTorch's steps") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("optim", [&](const golden::Json& recorded) {
      const std::unique_ptr<Optimizer> optimizer = golden::read<Optimizer>(recorded["yaml"]);
      golden::Numbers parameters = recorded["start"].get<golden::Numbers>();
      const int64_t elements = int64_t(parameters.size());
      Graph graph;
      InputBuilder builder(graph, elements);
      graph.output("p", optimizer->update(builder, input(graph, "p", {DType::f32, {elements}}),
                                          input(graph, "g", {DType::f32, {elements}})));
      for (size_t step = 0; step < recorded["gradients"].size(); ++step) {
        std::map<std::string, golden::Numbers> feed = builder.states;
        feed["p"] = parameters;
        feed["g"] = recorded["gradients"][step].get<golden::Numbers>();
        feed["lr"] = {float(optimizer->learning_rate())};
        feed["update"] = {float(step + 1)};
        const auto results = golden::run(graph, device, feed);
        for (auto& [name, values] : builder.states) values = results.at("new " + name);
        parameters = results.at("p");
        golden::check_near("p after step " + std::to_string(step + 1), parameters, recorded["parameters"][step]);
      }
    });
  }
}

}  // namespace dl
