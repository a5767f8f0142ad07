// Metrics beside scikit-learn and SciPy, on inputs at random and on degenerate ones, which scikit_learn.py records.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/measured.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Over two batches of one shape.
std::vector<double> figures(const std::string& yaml, const nlohmann::json& in, const std::string& device) {
  const Numbers xs = in.at("x"), ys = in.at("y");
  const int64_t columns = in.at("columns"), rows = static_cast<int64_t>(xs.size()) / columns / 2;
  const bool one_target = in.at("one_target");  // for each sample, else one for each column
  const int64_t targets = one_target ? 1 : columns;
  const Type x{DType::f32, {rows, columns}};
  const Type y{in.at("loss") == "mse" ? DType::f32 : DType::i32, one_target ? Shape{rows} : Shape{rows, targets}};
  MeasuredMetric metric(yaml, in.at("loss"), x, y, {}, device);
  const auto middle_x = xs.begin() + rows * columns, middle_y = ys.begin() + rows * targets;
  metric.add({xs.begin(), middle_x}, {ys.begin(), middle_y});
  metric.add({middle_x, xs.end()}, {middle_y, ys.end()});
  return metric.figures();
}

}  // namespace

TEST_CASE("metrics say what scikit-learn and SciPy say") {
  const auto inputs =
      nlohmann::json::parse(std::ifstream(std::string(source_dir()) + "/tests/metrics/scikit_learn.json"));
  REQUIRE(inputs.size() > 10);
  for (const std::string& device : devices()) {
    for (const nlohmann::json& input : inputs) {
      for (const nlohmann::json& metric : input.at("metrics")) {
        const std::string name = input.at("name"), yaml = metric.at("yaml");
        CAPTURE(device);
        CAPTURE(name);
        CAPTURE(yaml);
        const nlohmann::json& expected = metric.at("figures");  // null: no figure
        const std::vector<double> found = figures(yaml, input, device);
        REQUIRE(found.size() == expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
          CAPTURE(i);
          CHECK(std::isnan(found[i]) == expected[i].is_null());
          if (!std::isnan(found[i])) CHECK(found[i] == doctest::Approx(expected[i].get<double>()).epsilon(1e-6));
        }
      }
    }
  }
}
