// gru
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("gru reads a sequence, in one direction or both") {
  check_layer({.yaml = "gru: 3", .input = {4, 2}});
  check_layer({.yaml = "gru: {hidden_size: 2, num_layers: 2, bidirectional: true}", .input = {3, 3}});
  check_layer({.yaml = "gru: {hidden_size: 5, bias: false, return_sequences: false}", .input = {2, 4}});
  check_layer(
      {.yaml = "gru: {hidden_size: 2, num_layers: 3, bidirectional: true, return_sequences: false}", .input = {3, 1}});
}
