// A layer out of a file that holds the batch of an example: told when the run is planned.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/onnx/write.h"
#include "tests/folder.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a network that makes one sample of all is refused, one that gives each its own is not") {
  const auto said = [](const std::vector<int64_t>& sizes) {
    onnx::Model model{.graph = "g", .outputs = {{"y", onnx::Element::f32, {-1, -1}}}};
    model.inputs = {{"x", onnx::Element::f32, {-1, 2, 6}}};
    model.nodes = {{.op = "Reshape", .inputs = {"x", "sizes"}, .outputs = {"y"}}};
    model.constants = {{"sizes",
                        onnx::Element::i64,
                        {static_cast<int64_t>(sizes.size())},
                        {reinterpret_cast<const char*>(sizes.data()), 8 * sizes.size()}}};
    const Folder folder;
    folder.write("m.onnx", onnx::bytes_of(model));
    const Workplace place(
        "data: {train: {format: random, shape: [2, 6], dtype: f32, samples: 16, targets: 1}, batch_size: 4}\n"
        "model: [{onnx: " +
        (folder / "m.onnx").string() +
        "}, {linear: 1}]\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    return place.refusal();
  };
  CHECK(said({-1, 12}) == "");
  CHECK(said({1, -1}) ==
        "error: small.yaml:2:8: model: of 3 samples: '1.weight' is [1, 12], and would be [1, 36] here\n"
        "  help: export it with an open batch: torch.onnx.export(…, input_names=[\"x\"], dynamic_axes={\"x\": {0: "
        "\"batch\"}})");
}
