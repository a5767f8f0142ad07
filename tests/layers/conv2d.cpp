// conv2d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv2d slides its kernels over an image") {
  check_layer({.yaml = "conv2d: {out_channels: 3, kernel_size: 3, padding: same}", .input = {4, 5, 2}});
  check_layer({.yaml = "conv2d: {out_channels: 4, kernel_size: [2, 3], stride: [2, 1], padding: [0, 1], groups: 2}",
               .input = {5, 4, 2}});
  check_layer({.yaml = "conv2d: {out_channels: 2, kernel_size: 3, dilation: 2, bias: false}", .input = {6, 5, 1}});
  check_close(layer_output("conv2d: {out_channels: 1, kernel_size: 2, init: {constant: 1}, bias_init: {constant: 0.5}}",
                           {2, 3, 1}, {1, 2, 3, 4, 5, 6}),
              {12.5f, 16.5f});
}

TEST_CASE("padding 'same' keeps the size of the image; the odd zero stands behind, as in PyTorch") {
  check_close(
      layer_output("conv2d: {out_channels: 1, kernel_size: [1, 2], padding: same, init: {constant: 1}, bias: false}",
                   {1, 3, 1}, {1, 2, 4}),
      {3, 6, 4});
}

TEST_CASE("conv2d asks for an image, for channels that its groups divide and for room") {
  CHECK(layer_error("conv2d: {out_channels: 4, kernel_size: 3}", {{20}}) ==
        "expected an image [height, width, channels], got shape [20]; put it before 'flatten'");
  CHECK(layer_error("conv2d: {out_channels: 4, kernel_size: 3}", {{28, 28}}) ==
        "expected an image [height, width, channels], got shape [28, 28]; write 'layout: grey' in the data where these "
        "are grey images, or save them as [samples, height, width, 1]");
  CHECK(layer_error("conv2d: {out_channels: 4, kernel_size: 3, groups: 2}", {{8, 8, 3}}) ==
        "expected channels that 2 groups divide, got 3");
  CHECK(layer_error("conv2d: {out_channels: 4, kernel_size: 5}", {{4, 9, 3}}) ==
        "a 5x5 kernel does not fit into an image of 4x9; pad, or use a smaller kernel_size or fewer strides before");
}
