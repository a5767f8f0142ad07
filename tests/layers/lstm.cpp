// lstm
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("lstm reads a sequence, in one direction or both") {
  check_layer({.yaml = "lstm: 3", .input = {4, 2}});
  check_layer({.yaml = "lstm: {hidden_size: 2, num_layers: 2, bidirectional: true}", .input = {3, 3}});
  check_layer({.yaml = "lstm: {hidden_size: 5, bias: false, return_sequences: false}", .input = {2, 4}});
  check_layer(
      {.yaml = "lstm: {hidden_size: 2, num_layers: 3, bidirectional: true, return_sequences: false}", .input = {3, 1}});
}

TEST_CASE("dropout of lstm stands between its layers only, and only while training") {
  check_layer({.yaml = "lstm: {hidden_size: 2, num_layers: 2, dropout: 0.5}", .input = {3, 2}});
  const BuiltLayer one(*read_registered_as<Layer>("lstm: {hidden_size: 2, dropout: 0.5}"), LayerCase{.input = {3, 2}},
                       2, true);
  CHECK_FALSE(one.is_random);
  const BuiltLayer two(*read_registered_as<Layer>("lstm: {hidden_size: 2, num_layers: 2, dropout: 0.5}"),
                       LayerCase{.input = {3, 2}}, 2, false);
  CHECK_FALSE(two.is_random);
}
