// conv_transpose3d
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("conv_transpose3d makes a volume larger") {
  check_layer({.yaml = "conv_transpose3d: {out_channels: 2, kernel_size: 3, stride: 2, padding: 1, output_padding: 1}",
               .input = {2, 2, 2, 2}});
  check_layer({.yaml = "conv_transpose3d: {out_channels: 2, kernel_size: [1, 2, 2], stride: [1, 2, 2], groups: 2}",
               .input = {2, 2, 3, 2}});
  check_close(layer_output("conv_transpose3d: {out_channels: 1, kernel_size: 2, init: {constant: 1}, bias: false}",
                           {1, 1, 2, 1}, {1, 10}),
              {1, 11, 10, 1, 11, 10, 1, 11, 10, 1, 11, 10});
}
