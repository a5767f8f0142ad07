// conv_transpose2d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv_transpose2d makes an image larger") {
  check_layer(
      {.yaml = "conv_transpose2d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1}", .input = {3, 2, 2}});
  check_layer(
      {.yaml = "conv_transpose2d: {out_channels: 4, kernel_size: 3, stride: [1, 2], output_padding: [0, 1], groups: "
               "2, dilation: 2}",
       .input = {2, 3, 2}});
  check_close(
      layer_output("conv_transpose2d: {out_channels: 1, kernel_size: 2, stride: 2, init: {constant: 1}, bias_init: "
                   "{constant: 0.5}}",
                   {1, 2, 1}, {1, 2}),
      {1.5f, 1.5f, 2.5f, 2.5f, 1.5f, 1.5f, 2.5f, 2.5f});
}

TEST_CASE("conv_transpose2d asks for channels that its groups divide, and leaves something of its result") {
  CHECK(layer_error("conv_transpose2d: {out_channels: 4, kernel_size: 3, groups: 2}", {{8, 8, 3}}) ==
        "expected channels that 2 groups divide, got 3");
  CHECK(layer_error("conv_transpose2d: {out_channels: 4, kernel_size: 3, padding: 2}", {{4, 1, 3}}) ==
        "nothing is left of an image of 4x1 when 2 places are left out on each side of what a kernel of 3 makes; lower "
        "padding");
}

TEST_CASE("output_padding is below the stride, and has no place beside 'same'") {
  const auto problem = [](const std::string& yaml) {
    std::vector<Problem> problems;
    Registry<Layer>::read(parse_yaml(yaml, "test"), Reading(problems, "layer"));
    return problems.empty() ? "" : problems[0].path + ": " + problems[0].what + "; " + problems[0].help;
  };
  CHECK(problem("conv_transpose2d: {out_channels: 1, kernel_size: 3, stride: 2, output_padding: 2}") ==
        "layer.conv_transpose2d.output_padding: expected below stride (2), got 2; ");
  CHECK(problem("conv_transpose2d: {out_channels: 1, kernel_size: 3, stride: 2, padding: same, output_padding: 1}") ==
        "layer.conv_transpose2d.output_padding: with padding 'same' the sizes are the input's times stride; leave it "
        "out");
}
