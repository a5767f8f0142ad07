// linear
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("linear maps its features") {
  check_layer({.yaml = "linear: 4", .input = {7}});
  check_layer({.yaml = "linear: {out_features: 3, bias: false, init: kaiming_normal}", .input = {5}});
  check_layer({.yaml = "linear: 1", .input = {1}});
  check_layer({.yaml = "linear: 4", .input = {5, 7}});
  check_close(layer_output("linear: {out_features: 2, init: {constant: 2}, bias_init: {constant: 1}}", {3}, {1, 2, -4}),
              {-1, -1});
}

TEST_CASE("linear asks for one feature axis") {
  CHECK(layer_error("linear: 4", {{2, 3, 5}}) ==
        "expected one feature axis, got shape [2, 3, 5]; put 'flatten' before it, or set per_place: true to map each "
        "place by itself");
  CHECK(layer_error("linear: 4", {Shape{}}) == "expected one feature axis, got shape []; put 'unsqueeze: 1' before it");
  CHECK(layer_error("linear: 4", {Shape{}}, 5) ==
        "expected one feature axis, got shape []; put 'embedding' before it, which makes a vector of each number");
}
