// Losses give PyTorch's values and gradients for the same numbers.
#include "tests/golden/golden.h"
#include "lib/nn/loss.h"

namespace dl {

TEST_CASE("losses compute what PyTorch's do, forward and backward") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("losses", [&](const golden::Json& recorded) {
      Graph graph;
      const Value prediction = input(graph, "prediction", {DType::f32, golden::shape_of(recorded["prediction"])});
      const Value target = input(graph, "target", {DType::i32, golden::shape_of(recorded["target"])});
      const Value loss = golden::read<Loss>(recorded["yaml"])->build(prediction, target);
      graph.output("loss", loss);
      graph.output("gradient", gradients(loss, {prediction})[0]);
      const auto results =
          golden::run(graph, device, {{"prediction", recorded["prediction"]["values"].get<golden::Numbers>()}},
                      {{"target", recorded["target"]["values"].get<std::vector<int32_t>>()}});
      golden::check_near("loss", results.at("loss"), golden::Json::array({recorded["loss"]}));
      golden::check_near("gradient", results.at("gradient"), recorded["prediction"]["gradient"]);
    });
  }
}

}  // namespace dl
