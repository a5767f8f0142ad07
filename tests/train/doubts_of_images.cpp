// Images that the network is given otherwise than they were likely meant.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/plan/doubts/doubts.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("bytes that were saved as floats are told where a layer takes them as they are") {
  const auto said = [](const std::vector<float>& pixels, const std::string& layers,
                       const std::string& transforms = "[]", const std::string& shape = "(2, 2, 2, 1)") {
    const Workplace place(
        "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2, transforms: " + transforms +
        "}\nmodel: [" + layers + "]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    place.write("x.npy", npy("<f4", shape, dl::testing::bytes(pixels)));
    place.write("y.npy", npy("<i8", "(2,)", dl::testing::bytes(std::vector<int64_t>{0, 1})));
    const auto plan = place.plan();
    std::string text;
    for (const Problem& warning : plan->warnings)
      if (warning.what.find("whole numbers") != std::string::npos) text += problem_text(warning) + "\n";
    return replaced(text, {{place / "", ""}});
  };
  const std::vector<float> bytes{0, 1, 2, 3, 4, 5, 200, 7}, scaled{0, 0.1f, 0.2f, 0.3f, 1, 0.5f, 0, 0.7f};
  CHECK(said(bytes, "flatten, linear: 2") ==
        "small.yaml:2:18: model[1] (linear): takes images of whole numbers up to 200 as they are, where bytes are "
        "brought "
        "to 0 to 1\n"
        "  help: save them by .astype(numpy.uint8), or write 'normalize: {mean: 127.5, std: 127.5}' in "
        "'data.transforms'\n");
  CHECK(said(bytes, "conv2d: {out_channels: 2, kernel_size: 1}, flatten, linear: 2").find("model[0] (conv2d)") !=
        std::string::npos);
  CHECK(said(bytes, "flatten, linear: 2", "[normalize: {mean: 127.5, std: 127.5}]") == "");
  CHECK(said(bytes, "batch_norm, flatten, linear: 2") == "");
  CHECK(said(scaled, "flatten, linear: 2") == "");
  CHECK(said({0, 1, 2, 3, 4, 5, 6, 7}, "flatten, linear: 2") == "");  // few shades, as of 16
  CHECK(said(bytes, "flatten, linear: 2", "[]", "(2, 2, 2)") == "");  // sequences
}
