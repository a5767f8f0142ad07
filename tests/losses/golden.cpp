// Losses give PyTorch's values and gradients for the same numbers.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "lib/nn/loss.h"
#include "tests/measured.h"

namespace dl {

TEST_CASE("losses compute what PyTorch's do, forward and backward") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("losses", [&](const golden::Json& recorded) {
      Graph graph;
      const Value prediction = input(graph, "prediction", {DType::f32, golden::shape_of(recorded["prediction"])});
      const bool is_class = recorded["target"]["dtype"] == "i32";
      const Value target =
          input(graph, "target", {is_class ? DType::i32 : DType::f32, golden::shape_of(recorded["target"])});
      const Value loss = dl::testing::mean_loss(*golden::read<Loss>(recorded["yaml"]), prediction, target);
      graph.output("loss", loss);
      graph.output("gradient", gradients(loss, {prediction})[0]);
      std::map<std::string, golden::Numbers> numbers{
          {"prediction", recorded["prediction"]["values"].get<golden::Numbers>()}};
      std::map<std::string, std::vector<int32_t>> classes;
      if (is_class)
        classes["target"] = recorded["target"]["values"].get<std::vector<int32_t>>();
      else
        numbers["target"] = recorded["target"]["values"].get<golden::Numbers>();
      const auto results = golden::run(graph, device, numbers, classes);
      golden::check_near("loss", results.at("loss"), golden::Json::array({recorded["loss"]}));
      golden::check_near("gradient", results.at("gradient"), recorded["prediction"]["gradient"]);
    });
  }
}

}  // namespace dl
