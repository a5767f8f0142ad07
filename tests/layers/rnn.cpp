// rnn
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("rnn reads a sequence, in one direction or both") {
  check_layer({.yaml = "rnn: 3", .input = {4, 2}});
  check_layer({.yaml = "rnn: {hidden_size: 2, num_layers: 2, bidirectional: true}", .input = {3, 3}});
  check_layer({.yaml = "rnn: {hidden_size: 5, bias: false, return_sequences: false}", .input = {2, 4}});
  check_layer(
      {.yaml = "rnn: {hidden_size: 2, num_layers: 3, bidirectional: true, return_sequences: false}", .input = {3, 1}});
}

TEST_CASE("rnn adds what it sees: with relu and weights of 1 the state is the running sum") {
  const std::string ones = ", init: {constant: 1}, recurrent_init: {constant: 1}, bias_init: {constant: 0}}";
  check_close(layer_output("rnn: {hidden_size: 1, nonlinearity: relu" + ones, {3, 1}, {1, 2, 4}), {1, 3, 7});
  check_close(layer_output("rnn: {hidden_size: 1, nonlinearity: relu, bidirectional: true" + ones, {3, 1}, {1, 2, 4}),
              {1, 7, 3, 6, 7, 4});
  check_close(
      layer_output("rnn: {hidden_size: 1, nonlinearity: relu, bidirectional: true, return_sequences: false" + ones,
                   {3, 1}, {1, 2, 4}),
      {7, 7});
}

TEST_CASE("rnn asks for a sequence") {
  CHECK(layer_error("rnn: 4", {{3}}) ==
        "expected a sequence [steps, features], got shape [3]; put 'unflatten: [-1, 1]' before it where this is a "
        "sequence of one channel");
  CHECK(layer_error("rnn: 4", {{20}}, 9) ==
        "expected a sequence [steps, features], got shape [20]; put 'embedding' before it");
  CHECK(layer_error("rnn: 4", {{28, 28, 3}}) ==
        "expected a sequence [steps, features], got shape [28, 28, 3]; put 'to_sequence' before it, or 'reshape: [28, "
        "84]' where each row is a step");
}
