// conv1d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv1d slides its kernels along a sequence") {
  check_layer({.yaml = "conv1d: {out_channels: 3, kernel_size: 3, padding: same}", .input = {6, 2}});
  check_layer({.yaml = "conv1d: {out_channels: 4, kernel_size: 2, stride: 2, padding: 1, groups: 2}", .input = {7, 2}});
  check_layer({.yaml = "conv1d: {out_channels: 2, kernel_size: 3, dilation: 2, bias: false}", .input = {8, 1}});
  check_close(layer_output("conv1d: {out_channels: 1, kernel_size: 2, init: {constant: 1}, bias_init: {constant: 0.5}}",
                           {3, 2}, {1, 2, 3, 4, 5, 6}),
              {10.5f, 18.5f});
}

TEST_CASE("padding 'same' gives as many outputs as Keras does for every stride, the odd zero behind") {
  // ceil(size / stride): tf.nn.conv1d's sizes.
  const struct {
    int64_t size, kernel, stride, outputs;
  } table[] = {{5, 3, 1, 5}, {5, 3, 2, 3},  {6, 3, 2, 3}, {7, 3, 3, 3},
               {4, 1, 2, 2}, {10, 4, 3, 4}, {3, 5, 2, 2}, {1, 3, 2, 1}};
  for (const auto& row : table) {
    const std::string yaml = concat("conv1d: {out_channels: 1, kernel_size: ", row.kernel, ", stride: ", row.stride,
                                    ", padding: same, init: {constant: 1}, bias: false}");
    const Numbers y = layer_output(yaml, {row.size, 1}, Numbers(static_cast<size_t>(row.size), 1));
    CHECK_MESSAGE(static_cast<int64_t>(y.size()) == row.outputs, yaml, " of ", row.size);
  }
  const std::string by_two = "conv1d: {out_channels: 1, kernel_size: 3, stride: 2, padding: ";
  const std::string ones = ", init: {constant: 1}, bias: false}";
  check_close(layer_output(by_two + "same" + ones, {4, 1}, {1, 2, 3, 4}), {6, 7});
  check_close(layer_output(by_two + "1" + ones, {4, 1}, {1, 2, 3, 4}), {3, 9});
  check_close(layer_output(by_two + "valid" + ones, {4, 1}, {1, 2, 3, 4}), {6});
}

TEST_CASE("conv1d asks for a sequence with channels, and for room") {
  CHECK(layer_error("conv1d: {out_channels: 4, kernel_size: 3}", {{20}}) ==
        "expected a sequence [length, channels], got shape [20]; put 'unflatten: [-1, 1]' before it where this is a "
        "sequence of one channel");
  CHECK(layer_error("conv1d: {out_channels: 4, kernel_size: 3}", {{20}}, 9) ==
        "expected a sequence [length, channels], got shape [20]; put 'embedding' before it");
  CHECK(layer_error("conv1d: {out_channels: 4, kernel_size: 3}", {{8, 8, 3}}) ==
        "expected a sequence [length, channels], got shape [8, 8, 3]; take the layer of images, whose name ends in 2d, "
        "or put 'to_sequence' before it where each pixel is a step");
  CHECK(layer_error("conv1d: {out_channels: 4, kernel_size: 5}", {{4, 3}}) ==
        "a kernel of 5 does not fit into a length of 4; pad, or use a smaller kernel_size or fewer strides before");
}
