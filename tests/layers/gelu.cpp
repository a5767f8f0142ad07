// gelu
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("gelu is its input times the share of a normal distribution below it") {
  check_layer({.yaml = "gelu", .input = {3, 5}});
  check_close(layer_output("gelu", {4}, {-1, 0, 0.5f, 3}), {-0.15865525f, 0, 0.34573123f, 2.99595031f});
}

TEST_CASE("gelu may be approximated with tanh") {
  check_layer({.yaml = "gelu: {approximate: tanh}", .input = {5}});
  check_close(layer_output("gelu: {approximate: tanh}", {4}, {-1, 0, 0.5f, 3}),
              {-0.15880801f, 0, 0.34571401f, 2.99636261f});
}
