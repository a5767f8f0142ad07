// lib/train/plan/doubts/sizes: inputs and targets that are far from 1.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What is said of two samples, of two numbers where their shape is not given, and of what follows from them.
std::string said(const std::vector<float>& x, const std::vector<float>& y, const std::string& more,
                 const std::string& shape = "(2, 2)") {
  const Workplace place("data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2}\n" + more +
                        "\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  place.write("x.npy", npy("<f4", shape, bytes(x)));
  place.write("y.npy", npy("<f4", "(2,)", bytes(y)));
  const auto plan = place.plan();
  std::string text;
  for (const Problem& warning : plan->warnings)
    if (warning.path == "data.train" || warning.path.starts_with("loss")) text += problem_text(warning) + "\n";
  return replaced(text, {{place.path / "", ""}});
}

}  // namespace

TEST_CASE("inputs that are far from 1 are told where nothing normalizes them") {
  const std::vector<float> large{100, 300, 200, 400}, small{0.5, -1, 2, 1}, y{0.5, 1.5};
  CHECK(said(large, y, "model: [linear: 1]") ==
        "small.yaml:1:15: data.train: the numbers of 'x' are around 270, and nothing brings them near 1, for which the "
        "first weights are made\n"
        "  help: write 'transforms: [normalize: {mean: 250, std: 110}]' below 'data'\n");
  CHECK(said(large, y, "model: [batch_norm, linear: 1]") == "");
  CHECK(said(large, y, "model: [layer_norm, linear: 1]") == "");
  CHECK(said(small, y, "model: [linear: 1]") == "");
}

TEST_CASE("images of bytes that were saved as floats are told to be saved as bytes") {
  const std::vector<float> y{0.5, 1.5}, images{0, 1, 2, 3, 4, 5, 200, 7}, scaled{0, 0.1f, 0.2f, 0.3f, 1, 0.5f, 0, 0.7f};
  const std::string layers = "model: [flatten, linear: 1]", shape = "(2, 2, 2, 1)";
  CHECK(
      said(images, y, layers, shape) ==
      "small.yaml:1:15: data.train: the numbers of 'x' are around 71, and nothing brings them near 1, for which the "
      "first weights are made\n"
      "  help: save the images by .astype(numpy.uint8), or write 'transforms: [normalize: {mean: 127.5, std: 127.5}]' "
      "below 'data'\n");
  CHECK(said(images, y, layers, "(2, 4)").find("write 'transforms: [normalize: {mean: 28, std: 65}]'") !=
        std::string::npos);
  CHECK(said(scaled, y, layers, shape) == "");
  CHECK(said({0, 1, 2, 3, 4, 5, 6, 7}, y, layers, shape) == "");  // few shades, as of 16
}

TEST_CASE("targets that are far from 1 are told with what they are to be divided by") {
  const std::vector<float> x{0.5, -1, 2, 1};
  CHECK(said(x, {600000.5F, 600000.25F}, "model: [linear: 1]") ==
        "small.yaml:3:7: loss (mse): the targets 'y' are around 6e+05, which updates of the size of a learning rate do "
        "not reach soon\n"
        "  help: save them divided by 6e+05, or in a table, whose targets are normalized as they are read\n");
  CHECK(said(x, {20.5F, 30.5F}, "model: [linear: 1]") == "");
}
