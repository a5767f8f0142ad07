// unflatten
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("unflatten is the reverse of flatten") {
  check_layer({.yaml = "unflatten: [-1, 1]", .input = {7}});
  check_layer({.yaml = "unflatten: [2, 2, 3]", .input = {12}});
  check_close(layer_output("unflatten: [1, 2, 3]", {6}, {1, 4, 2, 5, 3, 6}), {1, 2, 3, 4, 5, 6});
  check_close(layer_output("unflatten: [3, -1]", {6}, {1, 2, 3, 4, 5, 6}), {1, 2, 3, 4, 5, 6});
}

TEST_CASE("unflatten asks for as many features as its sizes make") {
  CHECK(layer_error("unflatten: [2, 2, 3]", {{13}}) ==
        "cannot make [2, 2, 3] of 13 features; the product of the sizes is the number of features");
  CHECK(layer_error("unflatten: [-1, 5]", {{13}}) ==
        "cannot make [-1, 5] of 13 features; the product of the sizes is the number of features");
  CHECK(layer_error("unflatten: [-1, 1]", {{4, 4}}) ==
        "expected one feature axis, got shape [4, 4]; put 'flatten' before it");
}

TEST_CASE("unflatten takes two to four sizes, one of them open") {
  const auto problem = [](const std::string& yaml) {
    std::vector<Problem> problems;
    Registry<Layer>::read(parse_yaml(yaml, "test"), Reading(problems, "layer"));
    return problems.empty() ? "" : problems[0].path + ": " + problems[0].what;
  };
  CHECK(problem("unflatten: [5]") == "layer.unflatten.shape: expected 2 to 4 sizes, got 1");
  const std::string sizes = "layer.unflatten.shape: expected sizes of at least 1, of which one may be -1";
  CHECK(problem("unflatten: [0, 2]") == sizes);
  CHECK(problem("unflatten: [-1, -1]") == sizes);
}
