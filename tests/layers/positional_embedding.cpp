// positional_embedding and sinusoidal_embedding
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("positional_embedding adds each position its vector") {
  check_layer({.yaml = "positional_embedding", .input = {4, 3}});
  check_layer({.yaml = "positional_embedding: 9", .input = {4, 3}});
  check_close(layer_output("positional_embedding: {max_length: 5, init: {constant: 2}}", {2, 2}, {1, 2, 3, 4}),
              {3, 4, 5, 6});
}

TEST_CASE("positional_embedding has a vector for each position or says so") {
  CHECK(layer_error("positional_embedding: 16", {{17, 8}}) ==
        "expected at most 16 positions (max_length), got 17; raise max_length, or cut the sequences shorter");
}

TEST_CASE("sinusoidal_embedding adds sine and cosine of each position") {
  check_layer({.yaml = "sinusoidal_embedding", .input = {4, 6}});
  check_close(layer_output("sinusoidal_embedding: {base: 4}", {2, 4}, Numbers(8, 0)),
              {0, 1, 0, 1, 0.841470985f, 0.540302306f, 0.479425539f, 0.877582562f});
}
