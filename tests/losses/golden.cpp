// Losses give PyTorch's values and gradients for the same numbers.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "lib/nn/loss.h"

namespace dl {

TEST_CASE("losses compute what PyTorch's do, forward and backward") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case("losses", [&](const golden::Json& recorded) {
      const auto loss = testing::read_registered_as<Loss>(recorded["yaml"]);
      Graph graph;
      testing::Feed feed;
      const auto given = [&](const std::string& name, const golden::Json& tensor) {
        feed[name] = tensor["values"].get<golden::Numbers>();
        const bool is_class = tensor.contains("dtype") && tensor["dtype"] == "i32";
        return input(graph, name, {is_class ? DType::i32 : DType::f32, golden::shape_of(tensor)});
      };
      Fields fields{.prediction = given("prediction", recorded["prediction"])};
      if (loss->takes_target()) fields.target = given("target", recorded["target"]);
      if (recorded.contains("lengths")) fields.lengths = given("lengths", recorded["lengths"]);
      std::vector<golden::Json> outputs{recorded["prediction"]};
      for (const golden::Json& each : recorded.value("further", golden::Json::array())) {
        fields.further.push_back(given("further " + std::to_string(outputs.size()), each));
        outputs.push_back(each);
      }
      REQUIRE(fields.further.size() == loss->further_outputs().size());
      std::vector<Value> wrt = fields.further;
      wrt.insert(wrt.begin(), fields.prediction);
      const Value mean = loss->over(fields).mean;
      graph.output("loss", mean);
      const std::vector<Value> d = gradients(mean, wrt);
      for (size_t i = 0; i < d.size(); ++i)
        if (d[i]) graph.output("gradient " + std::to_string(i), d[i]);
      const auto results = testing::outputs_of(graph, feed, device);
      golden::check_near("loss", results.at("loss"), golden::Json::array({recorded["loss"]}));
      for (size_t i = 0; i < d.size(); ++i)
        if (d[i]) golden::check_near("gradient", results.at("gradient " + std::to_string(i)), outputs[i]["gradient"]);
    });
  }
}

}  // namespace dl
