// Layers that are random while training: their share, their scale and what is drawn together.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

namespace {

Numbers while_training(const std::string& yaml, const Shape& sample, int64_t batch, float value) {
  BuiltLayer built(*read_registered_as<Layer>(yaml), LayerCase{.input = sample}, batch, true);
  std::ranges::fill(built.feed["x0"], value);
  return evaluate(built.graph(), {built.y}, built.feed)[0];
}

struct Spread {
  double mean = 0, variance = 0;
};
Spread spread_of(const Numbers& y) {
  Spread s;
  for (const double v : y) s.mean += v / double(y.size());
  for (const double v : y) s.variance += (v - s.mean) * (v - s.mean) / double(y.size());
  return s;
}

// What a layer asks for where its uniform numbers are an input.
struct GivenDraws final : Builder {
  Graph& graph() override { return g; }
  bool training() const override { return true; }
  Value parameter(const std::string&, Shape, std::shared_ptr<const Initializer>) override { return {}; }
  Value buffer(const std::string&, Shape, std::shared_ptr<const Initializer>) override { return {}; }
  void assign(const std::string&, Value) override {}
  Value random(Shape shape) override { return input(g, "draws", {DType::f32, std::move(shape)}); }
  Graph g;
};

}  // namespace

TEST_CASE("of the least and the largest uniform number there is a normal one too") {
  GivenDraws b;
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>("gaussian_noise: 1");
  const Numbers y = evaluate(b.g, {layer->build(b, input(b.g, "x", {DType::f32, {1, 4}}))},
                             {{"x", {0, 0, 0, 0}}, {"draws", {0, 0x1p-24f, 0.5f, 1 - 0x1p-24f}}})[0];
  CHECK(y[0] == doctest::Approx(-5.4200).epsilon(1e-3));
  CHECK(y[1] == doctest::Approx(-5.2201).epsilon(1e-3));
  CHECK(y[2] == doctest::Approx(0).epsilon(1e-3));
  CHECK(y[3] == doctest::Approx(5.2947).epsilon(1e-3));
}

TEST_CASE("dropout1d, dropout2d and dropout3d drop whole channels of a sample") {
  for (const auto& [yaml, sample] : {std::pair<std::string, Shape>{"dropout1d: 0.25", {6, 500}},
                                     {"dropout2d: 0.25", {2, 3, 500}},
                                     {"dropout3d: 0.25", {1, 2, 3, 500}}}) {
    CAPTURE(yaml);
    const Numbers y = while_training(yaml, sample, 4, 3);
    int dropped = 0;
    for (size_t n = 0; n < 4; ++n) {
      for (size_t c = 0; c < 500; ++c) {
        const float first = y[n * 3000 + c];
        CHECK((first == 0.0f || first == 4.0f));
        dropped += first == 0.0f;
        for (size_t place = 1; place < 6; ++place) REQUIRE(y[n * 3000 + place * 500 + c] == first);
      }
    }
    CHECK(std::abs(dropped - 500) < 100);
  }
}

TEST_CASE("drop_path drops whole samples, each for itself or all together") {
  const Numbers y = while_training("drop_path: 0.25", {3, 2}, 1000, 3);
  int dropped = 0;
  for (size_t n = 0; n < 1000; ++n) {
    CHECK((y[n * 6] == 0.0f || y[n * 6] == 4.0f));
    dropped += y[n * 6] == 0.0f;
    for (size_t i = 1; i < 6; ++i) REQUIRE(y[n * 6 + i] == y[n * 6]);
  }
  CHECK(std::abs(dropped - 250) < 70);
  const Numbers together = while_training("drop_path: {p: 0.5, mode: batch}", {2}, 50, 1);
  CHECK(std::ranges::count(together, together[0]) == 100);
}

TEST_CASE("alpha_dropout keeps mean 0 and variance 1, and puts selu's lowest value in the place of what it drops") {
  const double p = 0.3, lowest = -1.7580993408473766, scale = 1 / std::sqrt((1 - p) * (1 + p * lowest * lowest));
  for (const std::string yaml : {"alpha_dropout: 0.3", "feature_alpha_dropout: 0.3"}) {
    const Numbers y = while_training(yaml, {20000}, 1, 0.5f);
    const float dropped = static_cast<float>(scale * lowest * (1 - p)),
                kept = static_cast<float>(scale * (0.5 - p * lowest));
    int64_t found = 0;
    for (const float v : y) {
      CHECK((std::abs(v - dropped) < 1e-5f || std::abs(v - kept) < 1e-5f));
      found += std::abs(v - dropped) < 1e-5f;
    }
    CHECK(std::abs(double(found) / 20000 - p) < 0.02);
  }
  const Numbers normal = while_training("gaussian_noise: 1", {20000}, 1, 0);
  BuiltLayer built(*read_registered_as<Layer>("alpha_dropout: 0.3"), LayerCase{.input = {20000}}, 1, true);
  built.feed["x0"] = normal;
  built.feed["step"] = {6};  // other random numbers than those of the noise
  const Spread s = spread_of(evaluate(built.graph(), {built.y}, built.feed)[0]);
  CHECK(std::abs(s.mean) < 0.03);
  CHECK(std::abs(s.variance - 1) < 0.05);
}

TEST_CASE("gaussian_noise adds and gaussian_dropout multiplies by normal numbers") {
  const Spread added = spread_of(while_training("gaussian_noise: 0.5", {20000}, 1, 2));
  CHECK(std::abs(added.mean - 2) < 0.02);
  CHECK(std::abs(added.variance - 0.25) < 0.01);
  const Spread multiplied = spread_of(while_training("gaussian_dropout: 0.2", {20000}, 1, 2));
  CHECK(std::abs(multiplied.mean - 2) < 0.03);
  CHECK(std::abs(multiplied.variance - 4 * 0.25) < 0.05);
}

TEST_CASE("rrelu draws a slope for each element below 0 while training") {
  const Numbers y = while_training("rrelu: {lower: 0.1, upper: 0.3}", {10000}, 1, -1);
  CHECK(std::ranges::max(y) <= -0.1f);
  CHECK(std::ranges::min(y) >= -0.3f);
  CHECK(std::abs(spread_of(y).mean + 0.2) < 0.005);
  CHECK(while_training("rrelu", {3}, 1, 2) == Numbers{2, 2, 2});
}

TEST_CASE("drop_block drops squares and scales what is left by all over it") {
  const Numbers y = while_training("drop_block: {p: 0.1, block_size: 3}", {32, 32, 1}, 16, 1);
  const auto dropped = std::ranges::count(y, 0.0f);
  CHECK(dropped > 0.05 * double(y.size()));
  CHECK(dropped < 0.15 * double(y.size()));
  const double kept = double(y.size()) / (double(y.size()) - double(dropped));
  for (const float v : y) REQUIRE((v == 0.0f || std::abs(double{v} - kept) < 1e-4));
  // Nothing is dropped alone: a zero has two zeros beside it in its row.
  for (size_t i = 0; i < y.size(); ++i) {
    if (y[i] != 0) continue;
    const size_t column = i % 32;
    int row = 1;
    for (size_t k = 1; k <= 2 && column >= k && y[i - k] == 0; ++k) ++row;
    for (size_t k = 1; k <= 2 && column + k < 32 && y[i + k] == 0; ++k) ++row;
    REQUIRE(row >= 3);
  }
}
