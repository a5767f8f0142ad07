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
      const Value loss = testing::mean_loss(*testing::read_registered_as<Loss>(recorded["yaml"]), prediction, target);
      graph.output("loss", loss);
      graph.output("gradient", gradients(loss, {prediction})[0]);
      const testing::Feed feed{{"prediction", recorded["prediction"]["values"].get<golden::Numbers>()},
                               {"target", recorded["target"]["values"].get<golden::Numbers>()}};
      const auto results = testing::outputs_of(graph, feed, device);
      golden::check_near("loss", results.at("loss"), golden::Json::array({recorded["loss"]}));
      golden::check_near("gradient", results.at("gradient"), recorded["prediction"]["gradient"]);
    });
  }
}

}  // namespace dl
