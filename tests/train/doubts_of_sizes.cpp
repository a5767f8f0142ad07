// lib/train/plan/doubts/sizes: inputs and targets that are far from 1.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What is said of two samples of two numbers, and of what follows from them.
std::string said(const std::vector<float>& x, const std::vector<float>& y, const std::string& more) {
  const Workplace place("data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2}\n" + more +
                        "\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  place.write("x.npy", npy("<f4", "(2, 2)", bytes(x)));
  place.write("y.npy", npy("<f4", "(2,)", bytes(y)));
  std::string text;
  for (const Problem& warning : place.plan()->warnings)
    if (warning.path == "data.train" || warning.path.starts_with("loss")) text += problem_text(warning) + "\n";
  return replaced(text, {{place / "", ""}});
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

TEST_CASE("targets that are far from 1 are told with what they are to be divided by") {
  const std::vector<float> x{0.5, -1, 2, 1};
  CHECK(said(x, {600000.5F, 600000.25F}, "model: [linear: 1]") ==
        "small.yaml:3:7: loss (mse): the targets 'y' are around 6e+05, which updates of the size of a learning rate do "
        "not reach soon\n"
        "  help: save them divided by 6e+05, or in a table, whose targets are normalized as they are read\n");
  CHECK(said(x, {20.5F, 30.5F}, "model: [linear: 1]") == "");
}
