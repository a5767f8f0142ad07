// Layers of which there is one for sequences, images and volumes: each asks for its own.
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("pools and convolutions of channels ask for a sequence, an image or a volume") {
  const std::string sequence = "a sequence [length, channels]", image = "an image [height, width, channels]",
                    volume = "a volume [depth, height, width, channels]";
  const struct {
    std::string yaml, wanted;
  } cases[] = {
      {"lp_pool1d: 2", sequence},
      {"lp_pool2d: 2", image},
      {"lp_pool3d: 2", volume},
      {"adaptive_avg_pool1d: 2", sequence},
      {"adaptive_avg_pool3d: 2", volume},
      {"adaptive_max_pool1d: 2", sequence},
      {"adaptive_max_pool2d: 2", image},
      {"adaptive_max_pool3d: 2", volume},
      {"global_max_pool2d", image},
      {"global_max_pool3d", volume},
      {"depthwise_conv1d: {kernel_size: 2}", sequence},
      {"depthwise_conv2d: {kernel_size: 2}", image},
      {"separable_conv1d: {out_channels: 1, kernel_size: 2}", sequence},
      {"separable_conv2d: {out_channels: 1, kernel_size: 2}", image},
  };
  for (const auto& c : cases)
    CHECK(layer_error(c.yaml, {{6}}).starts_with("expected " + c.wanted + ", got shape [6]; "));
}

TEST_CASE("a convolution with padding 'causal' sees nothing behind a position, and is of sequences only") {
  CHECK(problems_of<Layer>("conv2d: {out_channels: 1, kernel_size: 3, padding: causal}") ==
        "error: test:1:52: layer.conv2d.padding: expected a number of zeros, [height, width], 'same' or 'valid', got "
        "'causal'\n");
  CHECK(problems_of<Layer>("max_pool1d: {kernel_size: 3, padding: causal}") ==
        "error: test:1:39: layer.max_pool1d.padding: expected a number of zeros, 'same' or 'valid', got 'causal'\n");
  // What a position sees ends with itself.
  const std::string yaml =
      "conv1d: {out_channels: 1, kernel_size: 2, dilation: 2, padding: causal, init: {constant: 1}, bias: false}";
  check_close(layer_output(yaml, {5, 1}, {1, 2, 3, 4, 5}), {1, 2, 4, 6, 8});
}
